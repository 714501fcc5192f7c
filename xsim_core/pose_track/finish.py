"""From raw poses to the artifact: continuous, smooth, cut into segments, judged, and drawn."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, ObjectTrack
from xsim_core.film.camera_path import CameraPath
from xsim_core.film.camera_place import notes_on_place
from xsim_core.film.contacts import Contacts, find_contacts
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.tracking import LOST, OK
from xsim_core.verdicts import judge_track
from xsim_core.verdicts.evidence import TrackEvidence, measured_surface

from .config import PoseTrackConfig
from .pictures import add_overlays, plot_trajectory
from .raw_track import RawTrack
from .standing import Plane, support_plane
from .told import (
    contact_times,
    notes_on,
    notes_on_contacts,
    notes_on_first_pose,
    notes_on_motion,
)
from .world_track import Filmed, WorldTrack, in_world


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
    _leave(track, touched, capture, filmed, out)
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


def _leave(
    track: WorldTrack,
    touched: Contacts | None,
    capture: OpenArtifact[Capture],
    filmed: Filmed,
    out: ArtifactWriter,
) -> None:
    """Write the track, its contacts and the object that it is of, and draw it."""
    _write(track, filmed.path, filmed.video, out)
    if touched is not None:
        out.write_all({"contacts": touched.touches, "gap_m": touched.gap_m})
    out.write_all(capture.arrays("object"), prefix="object")
    _draw(track, filmed.path, filmed.video, filmed.mesh, out)


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


def _figure(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _path_length_m(T_world_object: NDArray[np.floating], segments: NDArray[np.int64]) -> float:
    position = T_world_object[:, :3, 3]
    steps = [np.linalg.norm(np.diff(position[a : b + 1], axis=0), axis=-1) for a, b in segments]
    return float(sum(s.sum() for s in steps))
