"""The tracked object of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, ObjectTrack
from xsim_core.geometry import TexturedMesh
from xsim_core.tracking import STATUS_NAMES

from .store import StoreLike, open_artifact


@dataclass(frozen=True)
class Track:
    """The object's path through the video, t frames, with per-frame evidence."""

    ref: ArtifactRef[ObjectTrack]
    """Which artifact this is."""
    summary: ObjectTrack
    """How many frames were tracked, how far the object went, which backend."""
    T_world_object: NDArray[np.float64]
    """(t, 4, 4) object to robot base, metres; smoothed."""
    T_cam_object: NDArray[np.float64]
    """(t, 4, 4) object to camera (OpenCV axes), metres; as tracked."""
    status: NDArray[np.int8]
    """(t,) a key of ``status_names``."""
    score: NDArray[np.float32]
    """(t,) verification score in [0, 1]."""
    timestamps_s: NDArray[np.float64]
    """(t,) seconds."""
    segments: NDArray[np.int64]
    """(s, 2) first and last frame of each stretch in which the object moves."""
    T_world_cam: NDArray[np.float64]
    """(4, 4) the video camera to robot base."""
    K: NDArray[np.float64]
    """(3, 3) its intrinsics, pixels."""
    image_hw: tuple[int, int]
    """Height and width of its images, pixels."""
    mesh: TexturedMesh
    """The object in its own frame: vertices (v, 3) in metres, faces (f, 3), uv (v, 2) with v up,
    texture (th, tw, 3) RGB."""

    status_names: ClassVar[Mapping[int, str]] = STATUS_NAMES
    """0 ok, 1 occluded, 2 interpolated, 3 lost."""

    def __len__(self) -> int:
        return len(self.T_world_object)

    @property
    def positions(self) -> NDArray[np.float64]:
        """(t, 3) the object's origin in the robot-base frame, metres."""
        return self.T_world_object[:, :3, 3]


def load_track(name: str | ArtifactRef[ObjectTrack], *, store: StoreLike = None) -> Track:
    """The object's motion that ``pose_track`` found in the human video.

    Args:
        name: ``RUN:STAGE`` (``"demo:pose_track"``), ``kind/fingerprint``, first digits, or a ref.
        store: where it lies; by default ``open_store()``.

    Returns:
        The track in memory.

    Raises:
        UnknownNameError: when there is no such artifact; lists what there is.
        BadInputError: when it is of another kind; names what the run has of this one.
    """
    opened = open_artifact(name, ObjectTrack, store=store)
    names = [n for n in opened.array_names if n != "image_hw" and not n.startswith("object/")]
    arrays = {n: opened.array(n) for n in names}
    height, width = opened.array("image_hw").tolist()
    is_textured = opened.summary.is_mesh_coloured
    mesh = TexturedMesh.from_arrays(opened.arrays("object"), is_textured=is_textured)
    return Track(opened.ref, opened.summary, image_hw=(height, width), mesh=mesh, **arrays)
