"""The tracker's kernel, compiled on first use, and its functions on arrays.

Its reference is the NumPy of ``tracking.refine``, ``verify``, ``appearance`` and ``frame``.
"""

import ctypes
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.compiled import compiled

from .structures import Looks, Mesh, Settings, View, address

SOURCE = Path(__file__).with_name("kernel.cpp")
MAX_FACES = 100_000
"""Drawing takes time with every face of a mesh, ray casting hardly: above, that is quicker."""

_ARRAY = ctypes.c_void_p


@functools.cache
def load_kernel() -> ctypes.CDLL:
    """The compiled kernel, with its signatures declared.

    Raises:
        MissingDependencyError: when there is no C++ compiler, or it fails.
    """
    library = compiled(
        SOURCE,
        name="track",
        what="the object tracker",
        instead="track with the slow NumPy: --set pose_track.tracker.engine=reference",
    )
    seen: list[Any] = [ctypes.POINTER(kind) for kind in (Mesh, View, Looks, Settings)]
    size = ctypes.c_int
    library.xsim_track_shrink.argtypes = [_ARRAY, size, size, size, size, _ARRAY]
    library.xsim_track_refine.argtypes = [*seen, _ARRAY, size, _ARRAY]
    library.xsim_track_judge.argtypes = [*seen, _ARRAY, size, *[_ARRAY] * 8]
    texture = [_ARRAY, _ARRAY, size, size]
    library.xsim_track_learn.argtypes = [*texture, *[_ARRAY] * 3, size, size, ctypes.c_float]
    for name in ("shrink", "refine", "learn"):
        getattr(library, f"xsim_track_{name}").restype = None
    library.xsim_track_judge.restype = size
    return library


def can_draw(mesh: Mesh) -> bool:
    """Whether the kernel is the way to see a mesh."""
    return mesh.num_faces <= MAX_FACES


def refine(
    T_cam_object: NDArray[Any],
    seen: tuple[Mesh, View, Looks, Settings],
    rounds: Sequence[tuple[float, int]],
) -> NDArray[np.float64]:
    """See ``tracking.refine.refine``."""
    T, steps = np.array(T_cam_object, np.float64, order="C"), np.array(rounds, np.float64)
    parts = map(ctypes.byref, seen)
    load_kernel().xsim_track_refine(*parts, address(steps), len(steps), address(T))
    return T


class Judged(NamedTuple):
    """What ``tracking.verify.verify`` says, and the surface (n hit pixels) of which it says it."""

    figures: NDArray[np.float64]
    """(5,): score, likeness, visible and covered fraction, fit."""
    shading: NDArray[np.float64]
    """(4,)."""
    gain: NDArray[np.float64]
    """(3,)."""
    roi: tuple[int, int, int, int]
    mask: NDArray[np.bool_]
    """(h, w)."""
    pixels: NDArray[np.int64]
    points_cam: NDArray[np.float64]
    normals_cam: NDArray[np.float64]
    texcoord: NDArray[np.float32]
    is_inlier: NDArray[np.bool_]


def judge(
    T_cam_object: NDArray[Any], seen: tuple[Mesh, View, Looks, Settings], room: int
) -> Judged:
    """See ``tracking.verify.verify``; ``room`` is the area of the rectangle in which it appears."""
    T = np.array(T_cam_object, np.float64, order="C")
    roi, figures, mask = np.zeros(4, np.int32), np.zeros(12), np.zeros(room, bool)
    pixels, is_inlier = np.empty((room, 2), np.int64), np.empty(room, bool)
    points_cam, normals_cam = np.empty((room, 3)), np.empty((room, 3))
    texcoord = np.empty((room, 2), np.float32)
    out = roi, figures, mask, pixels, points_cam, normals_cam, texcoord, is_inlier
    parts = *map(ctypes.byref, seen), address(T), room
    n = load_kernel().xsim_track_judge(*parts, *map(address, out))
    assert n >= 0, f"a rectangle of {-n} pixels in room for {room}"
    u0, v0, u1, v1 = roi.tolist()
    h, w = v1 - v0, u1 - u0
    return Judged(
        figures=figures[:5],
        shading=figures[5:9],
        gain=figures[9:],
        roi=(u0, v0, u1, v1),
        mask=mask[: h * w].reshape(h, w),
        pixels=pixels[:n],
        points_cam=points_cam[:n],
        normals_cam=normals_cam[:n],
        texcoord=texcoord[:n],
        is_inlier=is_inlier[:n],
    )


def blend_into(
    texture: NDArray[np.float32],
    weight: NDArray[np.float32],
    texels: tuple[NDArray[np.int64], NDArray[np.int64]],
    rgb: NDArray[np.float32],
    radius: int,
    max_weight: float,
) -> None:
    """See ``tracking.appearance.blend_into``."""
    column, row = (np.ascontiguousarray(part, np.int64) for part in texels)
    rgb = np.ascontiguousarray(rgb, np.float32)
    arrays = map(address, (column, row, rgb))
    into = address(texture), address(weight), *texture.shape[:2]
    load_kernel().xsim_track_learn(*into, *arrays, len(rgb), radius, max_weight)


def shrink_depth(depth_m: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """See ``tracking.frame.shrink_depth``."""
    depth_m = np.ascontiguousarray(depth_m, np.float32)
    h, w = depth_m.shape[0] // scale, depth_m.shape[1] // scale
    out = np.empty((h, w), np.float32)
    seen = address(depth_m), depth_m.shape[1], scale, h, w
    load_kernel().xsim_track_shrink(*seen, address(out))
    return out
