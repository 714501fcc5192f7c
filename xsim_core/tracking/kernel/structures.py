"""What the kernel reads, as C structures; each keeps the arrays that it points to."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_INT, _DOUBLE, _ARRAY = ctypes.c_int32, ctypes.c_double, ctypes.c_void_p


def address(array: NDArray[Any]) -> int:
    """Where an array's numbers lie."""
    return array.ctypes.data


def contiguous(*arrays: tuple[ArrayLike, DTypeLike]) -> list[NDArray[Any]]:
    """Arrays as C lays them out, copied only where they are not."""
    return [np.ascontiguousarray(array, kind) for array, kind in arrays]


class Mesh(ctypes.Structure):
    """The object's shape; surface.h says what the arrays hold."""

    _fields_ = [
        ("vertices", _ARRAY), ("faces", _ARRAY), ("uv", _ARRAY), ("hull", _ARRAY),
        ("num_vertices", _INT), ("num_faces", _INT), ("num_hull", _INT),
        ("centre", _DOUBLE * 3), ("radius_m", _DOUBLE),
    ]  # fmt: skip

    @staticmethod
    def of(
        vertices: NDArray[Any],
        faces: NDArray[Any],
        corner_uv: NDArray[Any],
        hull: NDArray[Any],
        *,
        centre: NDArray[Any],
        radius_m: float,
    ) -> "Mesh":
        """Of vertices (v, 3), faces (f, 3) and their corners' texture coordinates (f, 3, 2).

        ``hull`` (k, 3) are the outline's points; steps turn it about ``centre`` (3,).
        """
        kept = contiguous(
            (vertices, np.float32), (faces, np.int32), (corner_uv, np.float32), (hull, np.float64)
        )
        sizes = len(vertices), len(faces), len(hull)
        made = Mesh(*map(address, kept), *sizes, tuple(centre.tolist()), radius_m)
        made.kept = kept
        return made


class View(ctypes.Structure):
    """A frame at one scale; surface.h."""

    _fields_ = [
        ("rgb", _ARRAY), ("depth_m", _ARRAY), ("width", _INT), ("height", _INT),
        ("fx", _DOUBLE), ("fy", _DOUBLE), ("cx", _DOUBLE), ("cy", _DOUBLE),
    ]  # fmt: skip

    @staticmethod
    def of(rgb: NDArray[Any], depth_m: NDArray[Any], K: NDArray[Any]) -> "View":
        """Of a picture (h, w, 3), depth (h, w) and intrinsics (3, 3) without skew."""
        kept = contiguous((rgb, np.uint8), (depth_m, np.float32))
        h, w = depth_m.shape
        made = View(*map(address, kept), w, h, K[0, 0], K[1, 1], K[0, 2], K[1, 2])
        made.kept = kept
        return made


class Looks(ctypes.Structure):
    """The object's colours and light; looks.h."""

    _fields_ = [
        ("textures", _ARRAY), ("sizes", _ARRAY), ("num_levels", _INT), ("weight", _ARRAY),
        ("is_learning", _INT), ("texels_per_m", _DOUBLE), ("shading", _DOUBLE * 4),
        ("gain", _DOUBLE * 3), ("log_odds", _ARRAY), ("are_colours_known", _INT),
    ]  # fmt: skip

    @staticmethod
    def of(
        pyramid: Sequence[NDArray[np.float32]],
        weight: NDArray[np.float32],
        *,
        is_learning: bool,
        texels_per_m: float,
        light: tuple[NDArray[Any], NDArray[Any]],
        log_odds: NDArray[np.float32],
        are_colours_known: bool,
    ) -> "Looks":
        """Of textures (h, w, 3), the finest first, and how often its texels were seen (h, w).

        ``light`` is shading (4,) and gain (3,); ``log_odds`` (4096,) is what each colour says.
        """
        places = np.array([address(image) for image in pyramid], np.uint64)
        sizes = np.array([image.shape[1::-1] for image in pyramid], np.int32)
        shading, gain = (tuple(part.tolist()) for part in light)
        made = Looks(
            address(places),
            address(sizes),
            len(sizes),
            address(weight),
            is_learning,
            texels_per_m,
            shading,
            gain,
            address(log_odds),
            are_colours_known,
        )
        made.kept = places, sizes, pyramid, weight, log_odds
        return made


class Settings(ctypes.Structure):
    """What the terms take from the tracker's configuration; terms.h."""

    _fields_ = [
        ("depth_sigma_m", _DOUBLE), ("depth_sigma_growth", _DOUBLE), ("occlusion_m", _DOUBLE),
        ("background_m", _DOUBLE), ("texture_weight", _DOUBLE), ("region_weight", _DOUBLE),
        ("use_region", _INT), ("use_texture", _INT),
    ]  # fmt: skip
