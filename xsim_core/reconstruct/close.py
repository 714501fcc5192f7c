"""From what was seen to a closed surface: what nobody saw is guessed, and marked as unseen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .volume import Flags, Volume

ndimage: Any = scipy.ndimage  # Its stubs know no arrays of flags.

MAX_FACES = 6000
SIMPLER = (1.0, 1.1, 1.25, 1.5, 2.0)
"""Times as many faces are allowed where fewer would leave the surface open."""
SMOOTH_VOXELS = 1.2
BRIDGED_M = 0.024
"""Wide a gap between seen parts, hidden from everywhere, is filled."""
SKIN_VOXELS = 1.5
"""So deep below a measured surface is inside of it for sure."""


@dataclass(frozen=True)
class Closed:
    """A closed triangle mesh in the object's frame."""

    vertices: NDArray[np.float32]
    """(v, 3) metres."""
    faces: NDArray[np.int32]
    """(f, 3), counter-clockwise seen from outside."""
    is_seen: Flags
    """(v,): whether a frame measured the surface there."""
    seen_share: float
    """Of the surface's area."""


def close(volume: Volume, *, max_faces: int = MAX_FACES) -> Closed:
    """The surface of what was seen and of what must be behind it.

    What is hidden below a seen surface goes straight down to the support, as far as no ray of
    light went through it: an object that stands carries its top.

    Raises:
        BadInputError: when no surface was seen often enough.
    """
    distance, is_known = volume.distance, volume.is_known
    above = _heights(volume) > 0
    # A truncation behind a rim is behind the object already: only what is just below counts.
    skin = SKIN_VOXELS * volume.voxel_m / volume.truncation_m
    seen_inside = is_known & (distance < 0) & (distance > -skin) & above
    is_hidden = ~is_known | (distance <= -skin)
    is_hidden &= above
    solid = seen_inside | (_below(seen_inside) & is_hidden)
    solid = _largest_part(solid | (_bridged(solid, volume) & is_hidden))
    if not solid.any():
        raise BadInputError(
            "the object cannot be reconstructed: no surface of it was measured often enough. Film "
            "it from nearer by, where the depth camera sees it, or bring a mesh (`mesh:`)"
        )
    # The silhouette's own pixels tell nothing: half of what they leave open is the object's.
    solid |= ndimage.binary_dilation(solid) & is_hidden
    solid = ndimage.binary_fill_holes(solid)
    field = _field(solid, distance, is_known, above)
    return _surface(field, volume, max_faces)


def _heights(volume: Volume) -> NDArray[np.floating]:
    z = volume.low_m[2] + volume.voxel_m * np.arange(volume.shape[2])
    return np.broadcast_to(z, volume.shape)


def _below(inside: Flags) -> Flags:
    """Voxels with one of these above them, or that are one."""
    return np.flip(np.maximum.accumulate(np.flip(inside, 2), axis=2), 2)


def _bridged(solid: Flags, volume: Volume) -> Flags:
    """Without gaps that nobody looked into, as between parts that hide each other."""
    steps = max(1, round(BRIDGED_M / volume.voxel_m / 2))
    padded = np.pad(solid, steps + 1)
    closed = ndimage.binary_closing(padded, iterations=steps)
    inner = slice(steps + 1, -steps - 1)
    return np.asarray(closed[inner, inner, inner])


def _largest_part(solid: Flags) -> Flags:
    labels, count = ndimage.label(solid)
    if count == 0:
        return solid
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()))


def _field(
    solid: Flags, distance: NDArray[np.float32], is_known: Flags, above: Flags
) -> NDArray[np.float32]:
    """Negative inside: measured distances where there are any, a smooth guess elsewhere."""
    guess = np.where(solid, -1.0, 1.0).astype(np.float32)
    guess = ndimage.gaussian_filter(guess, SMOOTH_VOXELS)
    is_measured = is_known & (np.abs(distance) < 1)
    field = np.where(is_measured, distance, guess)
    # A measured inside that is no part of the object, and the other way round, is noise.
    field = np.where(solid, np.minimum(field, -0.02), np.maximum(field, 0.02))
    field = ndimage.gaussian_filter(field, 0.7)
    lowest = np.maximum(field, -np.roll(field, -1, axis=2))
    return np.asarray(np.where(above, field, lowest), np.float32)


def _surface(field: NDArray[np.float32], volume: Volume, max_faces: int) -> Closed:
    from skimage import measure

    padded = np.pad(field, 1, constant_values=1.0)
    cubes: Any = measure  # Untyped.
    found = cubes.marching_cubes(padded, 0.0, gradient_direction="descent")
    points = np.asarray((found[0] - 1) * volume.voxel_m + volume.low_m, np.float32)
    points, faces = _simplified(points, np.asarray(found[1], np.int32), max_faces)
    is_seen = _is_seen(points, volume)
    corners = points[faces]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=-1
    )
    share = float((area * is_seen[faces].mean(1)).sum() / area.sum())
    return Closed(points, faces.astype(np.int32), is_seen, share)


def _simplified(
    points: NDArray[np.float32], faces: NDArray[np.int32], max_faces: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """About that many faces, still closed (Garland and Heckbert 1997)."""
    import fast_simplification

    simplify: Any = fast_simplification.simplify  # Typed as if it answered other widths.
    for more in SIMPLER:
        target = round(more * max_faces)
        if len(faces) <= target:
            break
        some_points, some_faces = simplify(points, faces, target_count=target)
        if _is_closed(some_faces):
            return some_points, some_faces
    return points, faces


def _is_closed(faces: NDArray[np.int32]) -> bool:
    """Whether every edge has two faces."""
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    return bool((count == 2).all())


def _is_seen(points: NDArray[np.floating], volume: Volume) -> Flags:
    """Whether the voxel at each point (v, 3) lies by a measured surface."""
    index = np.rint((points - volume.low_m) / volume.voxel_m).astype(int)
    index = np.clip(index, 0, np.array(volume.shape) - 1)
    by_surface = volume.is_known & (np.abs(volume.distance) < 0.6)
    return np.asarray(by_surface[tuple(index.T)])
