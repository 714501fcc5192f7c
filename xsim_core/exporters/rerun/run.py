"""A run as one recording for rerun's viewer: room, film with depth, track, episodes, rollouts.

Entities below ``world`` are in the robot-base frame, metres. Three timelines, each counted from
its own beginning: ``video`` (and ``frame``) of the film, ``episodes`` of the dataset and
``rollouts`` of what was deployed, one episode behind the other. Pictures are JPEG of quality 90,
depth is lossless (PNG, millimetres).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import (
    ArtifactRef,
    Capture,
    EpisodeDataset,
    ObjectTrack,
    RealRollouts,
    SplatScene,
)
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.scratch import drafted
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import ArtifactStore, OpenArtifact

from .track import log_camera, log_track

if TYPE_CHECKING:
    import rerun as rr

MAX_EPISODES = 30
"""Of the dataset; the rest is said."""
JPEG_QUALITY = 90
FRONT = "observation.images.front"


def write_recording(store: ArtifactStore, refs: Sequence[ArtifactRef], path: Path) -> list[str]:
    """Write an ``.rrd``; answers what was left out, in sentences.

    Raises:
        BadInputError: when nothing of it can be shown so.
    """
    import rerun as rr

    opened = {ref.kind: store.open(ref) for ref in refs}
    notes: list[str] = []
    logs: dict[str, Callable[[rr.RecordingStream, OpenArtifact[Any], list[str]], None]] = {
        SplatScene.kind: _log_room,
        ObjectTrack.kind: _log_track,
        Capture.kind: _log_film,
        EpisodeDataset.kind: _log_dataset,
        RealRollouts.kind: _log_rollouts,
    }
    shown = [kind for kind in logs if kind in opened]
    if not shown:
        raise BadInputError(
            f"{', '.join(map(str, refs))}: nothing that a recording shows: {', '.join(logs)} are."
        )
    recording_id = refs[0].fingerprint
    with drafted(path) as place, rr.RecordingStream("xsim", recording_id=recording_id) as recording:
        recording.save(place)
        recording.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        for kind in shown:
            logs[kind](recording, opened[kind], notes)
        recording.flush()
    return notes


def _log_room(
    recording: "rr.RecordingStream", scene: OpenArtifact[SplatScene], notes: list[str]
) -> None:
    import rerun as rr

    vertices, faces, rgb = (scene.array(f"mesh/{name}") for name in ("vertices", "faces", "rgb"))
    mesh = rr.Mesh3D(vertex_positions=vertices, triangle_indices=faces, vertex_colors=rgb)
    recording.log("world/room", mesh, static=True)
    notes.append("the room is its mesh: rerun shows no Gaussians")


def _log_track(
    recording: "rr.RecordingStream", track: OpenArtifact[ObjectTrack], notes: list[str]
) -> None:
    log_track(recording, track)


def _log_film(
    recording: "rr.RecordingStream", capture: OpenArtifact[Capture], notes: list[str]
) -> None:
    """Colour and depth below the film's camera; its place is the track's."""
    seconds = capture.array("video/timestamps_s")
    rgb, depth_mm = capture.array("video/rgb"), capture.array("video/depth_mm")
    for i, time_s in enumerate((seconds - seconds[0]).tolist()):
        recording.set_time("frame", sequence=i)
        recording.set_time("video", duration=time_s)
        _log_picture(recording, "world/camera", np.asarray(rgb[i]))
        _log_depth(recording, "world/camera/depth", np.asarray(depth_mm[i]))
    recording.reset_time()


def _log_dataset(
    recording: "rr.RecordingStream", dataset: OpenArtifact[EpisodeDataset], notes: list[str]
) -> None:
    ends = dataset.array("episode_ends")
    count = min(len(ends), MAX_EPISODES)
    if count < len(ends):
        notes.append(f"the first {count} of {len(ends)} episodes of the dataset")
    _log_rows(recording, dataset, "episodes", int(ends[count - 1]), dataset.summary.fps)


def _log_rollouts(
    recording: "rr.RecordingStream", rollouts: OpenArtifact[RealRollouts], notes: list[str]
) -> None:
    """What was deployed; its camera stands where its owner believes."""
    names = rollouts.array_names
    num_rows = int(rollouts.array("episode_ends")[-1])
    fps = float(TaskSpec(name=rollouts.summary.task).control_freq_hz)
    notes.append(f"rows of rollouts are laid {fps:g} a second, one after the other")
    _log_rows(recording, rollouts, "rollouts", num_rows, fps)
    if {"K_wide", "T_world_cam", "observation.images.wide", "observation.depth_mm"} <= set(names):
        wide = rollouts.array("observation.images.wide")
        depth = rollouts.array("observation.depth_mm")
        camera = PinholeCamera(wide.shape[2], wide.shape[1], rollouts.array("K_wide"))
        log_camera(recording, "world/robot_camera", rollouts.array("T_world_cam"), camera)
        for i in range(num_rows):
            recording.set_time("rollouts", duration=i / fps)
            _log_picture(recording, "world/robot_camera", np.asarray(wide[i]))
            _log_depth(recording, "world/robot_camera/depth", np.asarray(depth[i]))
        recording.reset_time()


def _log_rows(
    recording: "rr.RecordingStream",
    rows: OpenArtifact,
    entity: str,
    num_rows: int,
    fps: float,
) -> None:
    """Pictures, states, actions and the episode's number, on a timeline called as the entity."""
    import rerun as rr

    times = [rr.TimeColumn(entity, duration=np.arange(num_rows) / fps)]
    ends = rows.array("episode_ends")
    episode = np.searchsorted(ends, np.arange(num_rows), side="right")
    for name, values in (
        ("action", rows.array("action")[:num_rows]),
        ("state", rows.array("observation.state")[:num_rows]),
        ("episode", episode[:, None]),
    ):
        flat = np.asarray(values, np.float64)
        columns = rr.Scalars.columns(scalars=flat.ravel()).partition([flat.shape[1]] * num_rows)
        recording.send_columns(f"{entity}/{name}", indexes=times, columns=columns)
    pictures = rows.array(FRONT)
    for i in range(num_rows):
        recording.set_time(entity, duration=i / fps)
        _log_picture(recording, f"{entity}/{FRONT.rpartition('.')[2]}", np.asarray(pictures[i]))
    recording.reset_time()


def _log_picture(recording: "rr.RecordingStream", entity: str, rgb: NDArray[np.uint8]) -> None:
    import rerun as rr

    blob = _encoded(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    recording.log(entity, rr.EncodedImage(contents=blob, media_type="image/jpeg"))


def _log_depth(recording: "rr.RecordingStream", entity: str, depth_mm: NDArray[np.uint16]) -> None:
    import rerun as rr

    blob = _encoded(".png", depth_mm, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    depth = rr.EncodedDepthImage(blob=blob, media_type="image/png", meter=1000.0)
    recording.log(entity, depth)


def _encoded(suffix: str, image: NDArray[Any], how: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(image), how)
    if not done:
        raise ValueError(f"a picture that {suffix} cannot hold")
    return data.tobytes()
