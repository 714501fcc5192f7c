"""From raw poses to the artifact: continuous, smooth, cut into segments, judged, and drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, ObjectTrack
from xsim_core.film.camera_path import CameraPath, follow_camera
from xsim_core.film.camera_place import notes_on_place
from xsim_core.film.contacts import Contacts, find_contacts
from xsim_core.film.frames import Video, open_video
from xsim_core.geometry import TexturedMesh
from xsim_core.geometry.arrays import PerFrame, Segments, Statuses, Times, Track
from xsim_core.geometry.symmetry import made_continuous
from xsim_core.geometry.symmetry_spec import ObjectSymmetry
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.tracking import LOST, OCCLUDED, OK, fill_gaps, motion_segments, smooth_poses
from xsim_core.verdicts import judge_track
from xsim_core.verdicts.evidence import TrackEvidence, measured_surface

from .config import PoseTrackConfig
from .pictures import add_overlays, plot_trajectory
from .raw_track import RawTrack
from .standing import Plane, support_plane
from .told import (
    check_ok_share,
    contact_times,
    notes_on,
    notes_on_contacts,
    notes_on_first_pose,
    notes_on_motion,
)
from .video import check_inputs, open_mesh


@dataclass(frozen=True)
class Filmed:
    """A capture's film, the object's mesh, and where the camera was."""

    video: Video
    mesh: TexturedMesh
    path: CameraPath
    is_repeat: NDArray[np.bool_]
    """(t,): frames that repeat the one before."""

    @classmethod
    def of(cls, capture: OpenArtifact[Capture], config: PoseTrackConfig) -> "Filmed":
        """As the capture holds them.

        Raises:
            BadInputError: for what tracking cannot work with (``check_inputs``).
            QualityGateError: when the camera's pose cannot be told.
        """
        video, mesh = open_video(capture), open_mesh(capture)
        check_inputs(capture, video, mesh)
        path = follow_camera(video, capture.summary, config)
        repeats = np.array([video.is_repeat(i) for i in range(video.num_frames)])
        return cls(video, mesh, path, repeats)


@dataclass(frozen=True)
class WorldTrack:
    """The motion over t frames, gaps filled where they may be."""

    T_main_object: Track
    """(t, 4, 4) in the frame of the film's first place, as measured."""
    T_world_object: Track
    """(t, 4, 4) smoothed: what later stages use."""
    status: Statuses
    score: PerFrame
    timestamps_s: Times
    segments: Segments


def finish(
    raw: RawTrack,
    notes: tuple[str, ...],
    capture: OpenArtifact[Capture],
    filmed: Filmed,
    *,
    backend: str,
    config: PoseTrackConfig,
    out: ArtifactWriter,
) -> ObjectTrack:
    """Write what the poses amount to, and judge it.

    Args:
        raw: of every frame; those that tell nothing are marked as lost here.
        notes: sentences on how the poses were had.
        capture: where they come from.
        filmed: its film, mesh and camera.
        backend: who made the poses.
        config: settings.
        out: where to write.

    Raises:
        QualityGateError: when the object is lost too often.
    """
    video, mesh, path = filmed.video, filmed.mesh, filmed.path
    # The first frame that was searched too: its pose is right, but not for its time.
    raw.status[filmed.is_repeat | path.is_unplaced] = LOST
    track = in_world(raw, filmed, capture.summary.symmetry, config)
    touched = _contacts(track, path, video, mesh, config)
    _write(track, path, video, out)
    if touched is not None:
        out.write_all({"contacts": touched.touches, "gap_m": touched.gap_m})
    out.write_all(capture.arrays("object"), prefix="object")
    _draw(track, path, video, mesh, out)
    plane = support_plane(video, capture.summary, path, config.tracker)
    apart_m = _figure(raw.passes_apart_m[0])
    verdict = judge_track(evidence(track, mesh, plane, apart_m))
    return ObjectTrack(
        object_name=capture.summary.object_name,
        num_frames=video.num_frames,
        num_ok=int((track.status == OK).sum()),
        num_segments=len(track.segments),
        path_length_m=_path_length_m(track.T_world_object, track.segments),
        board_rms_px=path.world.board_rms_px,
        backend=backend,
        is_mesh_coloured=mesh.is_textured,
        mesh_from=capture.summary.mesh_from,
        symmetry=capture.summary.symmetry,
        first_pose_quality=_figure(raw.first_pose[0]),
        runner_up_margin=_figure(raw.first_pose[1]),
        runner_up_distance_m=_figure(raw.first_pose[2]),
        support_plane=plane,
        contacts_s=None if touched is None else contact_times(touched.touches, track.timestamps_s),
        passes_apart_m=apart_m,
        verdict=verdict.level,
        notes=(
            *verdict.notes,
            *notes_on_place(path.world, capture.summary, is_moving=path.goes_on),
            *notes,
            *_notes(raw, track, filmed, touched),
        ),
    )


def in_world(
    raw: RawTrack,
    filmed: Filmed,
    symmetry: ObjectSymmetry | None,
    config: PoseTrackConfig,
) -> WorldTrack:
    """What was found, continuous, without short gaps, smooth, and cut into segments.

    Raises:
        QualityGateError: when the object is lost too often.
    """
    times_s, path = filmed.video.timestamps_s, filmed.path
    T_seen = path.to_main(raw.T_cam_object)
    if symmetry is not None:
        T_seen = made_continuous(T_seen, np.isin(raw.status, (OK, OCCLUDED)), symmetry)
    T_main_object, status = fill_gaps(
        T_seen, raw.status, times_s, max_gap_s=config.smoothing.max_gap_s
    )
    check_ok_share(status, filmed.is_repeat, config)
    T_world_object = smooth_poses(
        path.world.T_world_cam @ T_main_object,
        _weights(raw, config),
        times_s,
        config=config.smoothing,
    )
    segments = motion_segments(T_world_object, times_s, config=config.segments)
    score = np.clip(raw.score, 0, 1).astype(np.float32)
    return WorldTrack(T_main_object, T_world_object, status, score, times_s, segments)


def _notes(
    raw: RawTrack, track: WorldTrack, filmed: Filmed, touched: Contacts | None
) -> tuple[str, ...]:
    """What the track itself says."""
    times_s = filmed.video.timestamps_s
    return (
        *notes_on_first_pose(raw.first_pose),
        *filmed.path.notes(times_s),
        *notes_on(track.status, filmed.is_repeat, times_s),
        *notes_on_motion(len(track.segments)),
        *notes_on_contacts(touched, track.segments, track.timestamps_s),
    )


def _contacts(
    track: WorldTrack,
    path: CameraPath,
    video: Video,
    mesh: TexturedMesh,
    config: PoseTrackConfig,
) -> Contacts | None:
    """When something touches the object; None where the room behind it is not known."""
    if path.T_main_cam is not None or path.goes_on:
        return None
    T_cam_object = path.from_main(track.T_main_object)
    return find_contacts(
        video, mesh, T_cam_object, track.status, track.segments, config=config.tracker
    )


def _write(track: WorldTrack, path: CameraPath, video: Video, out: ArtifactWriter) -> None:
    out.write_all(
        {
            "T_world_object": track.T_world_object, "status": track.status,
            "T_cam_object": path.from_main(track.T_main_object),
            "score": track.score, "timestamps_s": track.timestamps_s, "segments": track.segments,
            "T_world_cam": path.world.T_world_cam, "K": video.camera.K,
            "image_hw": np.array([video.camera.height, video.camera.width], np.int64),
        }
    )  # fmt: skip


def _draw(
    track: WorldTrack, path: CameraPath, video: Video, mesh: TexturedMesh, out: ArtifactWriter
) -> None:
    """Over the video is drawn what later stages use: the smoothed poses."""
    T_cam = path.from_main(np.linalg.inv(path.world.T_world_cam) @ track.T_world_object)
    add_overlays(out, video, mesh, T_cam_object=T_cam, status=track.status, score=track.score)
    plot = plot_trajectory(
        track.T_world_object,
        track.timestamps_s,
        status=track.status,
        score=track.score,
        segments=track.segments,
    )
    out.add_file("trajectory.png", plot)


def evidence(
    track: WorldTrack, mesh: TexturedMesh, plane: Plane | None, apart_m: float | None
) -> TrackEvidence:
    """What a verdict is reached by."""
    return TrackEvidence(
        track.T_world_object,
        track.status,
        track.score,
        track.timestamps_s,
        track.segments,
        mesh.vertices.astype(np.float64),
        measured_surface(plane),
        apart_m,
    )


def _weights(raw: RawTrack, config: PoseTrackConfig) -> NDArray[np.float64]:
    """Smoothing weights (t,): the score where the object was seen, nothing where it was not."""
    occluded = config.smoothing.occluded_weight * (raw.status == OCCLUDED)
    return np.clip(raw.score, 0, 1).astype(np.float64) * ((raw.status == OK) + occluded)


def _figure(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _path_length_m(T_world_object: NDArray[np.floating], segments: NDArray[np.int64]) -> float:
    position = T_world_object[:, :3, 3]
    steps = [np.linalg.norm(np.diff(position[a : b + 1], axis=0), axis=-1) for a, b in segments]
    return float(sum(s.sum() for s in steps))
