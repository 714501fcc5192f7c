"""A track as a recording for the rerun viewer."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from xsim_core.artifacts import ObjectTrack
from xsim_core.geometry import TexturedMesh
from xsim_core.tracking import STATUS_NAMES

from .source import Source

if TYPE_CHECKING:
    import rerun as rr


def write(source: Source[ObjectTrack], folder: Path) -> list[str]:
    """``track.rrd``: the object's mesh moving in the robot-base frame, the camera, the evidence."""
    import rerun as rr

    track = source.artifact
    path = folder / "track.rrd"
    with rr.RecordingStream("xsim", recording_id=track.ref.fingerprint) as recording:
        recording.save(path)
        recording.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        _log_camera(recording, source)
        _log_mesh(recording, source)
        _log_motion(recording, source)
        recording.flush()
    return []


def _log_camera(recording: "rr.RecordingStream", source: Source[ObjectTrack]) -> None:
    import rerun as rr

    track = source.artifact
    T, (height, width) = track.array("T_world_cam"), track.array("image_hw").tolist()
    pose = rr.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3])
    recording.log("world/camera", pose, static=True)
    # rerun's pixel centres are half-integers.
    K = track.array("K") + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    pinhole = rr.Pinhole(image_from_camera=K, width=width, height=height)
    recording.log("world/camera", pinhole, static=True)


def _log_mesh(recording: "rr.RecordingStream", source: Source[ObjectTrack]) -> None:
    import rerun as rr

    track = source.artifact
    mesh = TexturedMesh.from_arrays(track.arrays("object"))
    with TemporaryDirectory() as place:
        glb = mesh.write_glb(Path(place) / "object.glb").read_bytes()
    asset = rr.Asset3D(contents=glb, media_type="model/gltf-binary")
    recording.log("world/object", asset, static=True)


def _log_motion(recording: "rr.RecordingStream", source: Source[ObjectTrack]) -> None:
    """Poses, scores and status, by the frame's number and by its time from the film's beginning."""
    import rerun as rr

    track = source.artifact
    T, seconds = track.array("T_world_object"), track.array("timestamps_s")
    times = [
        rr.TimeColumn("frame", sequence=np.arange(len(T))),
        rr.TimeColumn("video", duration=seconds - seconds[0]),
    ]
    poses = rr.Transform3D.columns(translation=T[:, :3, 3], mat3x3=T[:, :3, :3])
    recording.send_columns("world/object", indexes=times, columns=poses)
    scores = rr.Scalars.columns(scalars=track.array("score"))
    recording.send_columns("score", indexes=times, columns=scores)
    said = [STATUS_NAMES[s] for s in track.array("status").tolist()]
    recording.send_columns("status", indexes=times, columns=rr.TextLog.columns(text=said))
    path = rr.LineStrips3D([T[:, :3, 3]])
    recording.log("world/path", path, static=True)
