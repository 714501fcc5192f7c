"""The pose_track stage: the object's motion in the robot-base frame, from the capture's video."""

import time
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

from . import _cpu, _file, _foundationpose
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
    notes_on_unused,
)
from .video import check_inputs, open_mesh

REPORT_EVERY_S = 0.5


def track_object(
    capture: OpenArtifact[Capture], *, config: PoseTrackConfig, out: ArtifactWriter
) -> ObjectTrack:
    """Follow the capture's object through its video and bring the motion to the world frame.

    Raises:
        BadInputError: for a video without depth, a mesh of the wrong size, an object that is not
            in its box, or a board that is never seen.
        QualityGateError: when the board fits badly or the object is lost too often.
    """
    video, mesh = open_video(capture), open_mesh(capture)
    check_inputs(capture, video, mesh)
    path = follow_camera(video, capture.summary, config)
    world = path.world
    raw, notes = _run_backend(capture, video, mesh, path, config, out)
    is_repeat = np.array([video.is_repeat(i) for i in range(video.num_frames)])
    # The first frame that was searched too: its pose is right, but not for its time.
    raw.status[is_repeat | path.is_unplaced] = LOST
    track = _in_world(raw, path, video, capture.summary.symmetry, is_repeat, config)
    touched = _contacts(track, path, video, mesh, config)
    _write(track, path, video, out)
    if touched is not None:
        out.write_all({"contacts": touched.touches, "gap_m": touched.gap_m})
    out.write_all(capture.arrays("object"), prefix="object")
    _draw(track, path, video, mesh, out)
    plane = support_plane(video, capture.summary, path, config.tracker)
    apart_m = _figure(raw.passes_apart_m[0])
    verdict = judge_track(_evidence(track, mesh, plane, apart_m))
    return ObjectTrack(
        object_name=capture.summary.object_name,
        num_frames=video.num_frames,
        num_ok=int((track.status == OK).sum()),
        num_segments=len(track.segments),
        path_length_m=_path_length_m(track.T_world_object, track.segments),
        board_rms_px=world.board_rms_px,
        backend=config.backend,
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
            *notes_on_place(world, capture.summary, is_moving=path.goes_on),
            *notes,
            *notes_on_first_pose(raw.first_pose),
            *path.notes(video.timestamps_s),
            *notes_on(track.status, is_repeat, video.timestamps_s),
            *notes_on_motion(len(track.segments)),
            *notes_on_contacts(touched, track.segments, track.timestamps_s),
        ),
    )


@dataclass(frozen=True)
class _WorldTrack:
    """The motion over t frames, gaps filled where they may be."""

    T_main_object: Track
    """(t, 4, 4) in the frame of the film's first place, as measured."""
    T_world_object: Track
    """(t, 4, 4) smoothed: what later stages use."""
    status: Statuses
    score: PerFrame
    timestamps_s: Times
    segments: Segments


def _in_world(
    raw: RawTrack,
    path: CameraPath,
    video: Video,
    symmetry: ObjectSymmetry | None,
    is_repeat: NDArray[np.bool_],
    config: PoseTrackConfig,
) -> _WorldTrack:
    """What was found, continuous, without short gaps, smooth, and cut into segments.

    Raises:
        QualityGateError: when the object is lost too often.
    """
    times_s = video.timestamps_s
    T_seen = path.to_main(raw.T_cam_object)
    if symmetry is not None:
        T_seen = made_continuous(T_seen, np.isin(raw.status, (OK, OCCLUDED)), symmetry)
    T_main_object, status = fill_gaps(
        T_seen, raw.status, times_s, max_gap_s=config.smoothing.max_gap_s
    )
    check_ok_share(status, is_repeat, config)
    T_world_object = smooth_poses(
        path.world.T_world_cam @ T_main_object,
        _weights(raw, config),
        times_s,
        config=config.smoothing,
    )
    segments = motion_segments(T_world_object, times_s, config=config.segments)
    score = np.clip(raw.score, 0, 1).astype(np.float32)
    return _WorldTrack(T_main_object, T_world_object, status, score, times_s, segments)


def _contacts(
    track: _WorldTrack,
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


def _write(track: _WorldTrack, path: CameraPath, video: Video, out: ArtifactWriter) -> None:
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
    track: _WorldTrack, path: CameraPath, video: Video, mesh: TexturedMesh, out: ArtifactWriter
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


def _evidence(
    track: _WorldTrack, mesh: TexturedMesh, plane: Plane | None, apart_m: float | None
) -> TrackEvidence:
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


def _run_backend(
    capture: OpenArtifact[Capture],
    video: Video,
    mesh: TexturedMesh,
    path: CameraPath,
    config: PoseTrackConfig,
    out: ArtifactWriter,
) -> tuple[RawTrack, tuple[str, ...]]:
    summary, last = capture.summary, [0.0]
    notes = notes_on_unused(summary.track_frame)

    def report(fraction: float, figures: dict[str, float]) -> None:
        if time.monotonic() - last[0] >= REPORT_EVERY_S:
            last[0] = time.monotonic()
            out.progress(0.9 * fraction, figures)

    match config.backend:
        case "reference":  # The name that fingerprints hold; it is no oracle.
            made = _cpu.track_video(
                video, mesh, summary, config=config, scratch=out.scratch(), report=report
            )
            return made, notes
        case "foundationpose":
            made = _foundationpose.track_video(
                video, mesh, summary, config=config, scratch=out.scratch(), report=report
            )
            return made, notes
        case "file":
            given = _file.open_given(capture)
            return _file.track_video(
                given, video, mesh, summary, path, config=config, report=report
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
