"""A track as a recording for the rerun viewer."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack
from xsim_core.exporters.source import Source
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.storage import OpenArtifact
from xsim_core.tracking import STATUS_NAMES

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
        log_track(recording, track)
        recording.flush()
    return []


def log_track(recording: "rr.RecordingStream", track: OpenArtifact[ObjectTrack]) -> None:
    """The film's camera, the object's mesh and its motion; times ``frame`` and ``video``."""
    height, width = track.array("image_hw").tolist()
    camera = PinholeCamera(width, height, track.array("K"))
    log_camera(recording, "world/camera", track.array("T_world_cam"), camera)
    log_mesh(recording, "world/object", TexturedMesh.from_arrays(track.arrays("object")))
    _log_motion(recording, track)


def log_camera(
    recording: "rr.RecordingStream",
    entity: str,
    T_world_cam: NDArray[np.floating],
    camera: PinholeCamera,
) -> None:
    """A camera (4, 4) that stands still."""
    import rerun as rr

    T = np.asarray(T_world_cam, np.float64)
    pose = rr.Transform3D(translation=T[:3, 3], mat3x3=T[:3, :3])
    recording.log(entity, pose, static=True)
    # rerun's pixel centres are half-integers.
    K = camera.K + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    pinhole = rr.Pinhole(image_from_camera=K, width=camera.width, height=camera.height)
    recording.log(entity, pinhole, static=True)


def log_mesh(recording: "rr.RecordingStream", entity: str, mesh: TexturedMesh) -> None:
    """A textured mesh in the frame of its entity."""
    import rerun as rr

    with TemporaryDirectory() as place:
        glb = mesh.write_glb(Path(place) / "object.glb").read_bytes()
    asset = rr.Asset3D(contents=glb, media_type="model/gltf-binary")
    recording.log(entity, asset, static=True)


def _log_motion(recording: "rr.RecordingStream", track: OpenArtifact[ObjectTrack]) -> None:
    """Poses, scores and status, by the frame's number and by its time from the film's beginning."""
    import rerun as rr

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
