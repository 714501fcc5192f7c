"""Two streams as a camera delivers them, and the aligned video they become."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, transform_points

from .formats import RGBDVideo

PAIRING_FRACTION = 0.6
"""Colour and depth belong together if they are nearer than this share of a frame's duration."""


@dataclass
class Streams:
    """Raw frames with their own clocks and cameras."""

    colour: list[tuple[float, NDArray[np.uint8]]] = field(default_factory=list)
    """(seconds, (h, w, 3) RGB)."""
    depth: list[tuple[float, NDArray[np.uint16]]] = field(default_factory=list)
    """(seconds, (h, w) in depth units)."""
    K_colour: NDArray[np.float64] | None = None
    K_depth: NDArray[np.float64] | None = None
    depth_unit_m: float = 0.001
    T_colour_depth: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))


def pair_and_align(streams: Streams, source: Path) -> RGBDVideo:
    """Pair frames by time and bring depth into the colour camera.

    Raises:
        BadInputError: when one of the streams is missing or nothing pairs.
    """
    if not streams.colour:
        raise BadInputError(f"{source} holds no colour frames. Record colour and depth together.")
    if not streams.depth or streams.K_depth is None:
        raise BadInputError(
            f"{source} holds {len(streams.colour)} colour frames but no depth. "
            "X-Sim needs an RGB-D video: enable the depth stream and record again."
        )
    if streams.K_colour is None:
        raise BadInputError(f"{source} does not tell the colour camera's intrinsics")
    pairs = _pairs(streams)
    if not pairs:
        raise BadInputError(f"{source}: no depth frame was taken at the time of a colour frame")
    rgb = np.stack([streams.colour[i][1] for i, _ in pairs])
    to_mm = np.float32(streams.depth_unit_m * 1000)
    depth_mm = np.stack([_to_mm(streams.depth[j][1], to_mm) for _, j in pairs])
    same_K = np.allclose(streams.K_colour, streams.K_depth, atol=1e-3)
    is_in_place = same_K and np.allclose(streams.T_colour_depth, np.eye(4))
    if not is_in_place or rgb.shape[1:3] != depth_mm.shape[1:3]:
        hw = (rgb.shape[1], rgb.shape[2])
        depth_mm = np.stack(
            [
                align_depth(d, streams.K_depth, streams.K_colour, streams.T_colour_depth, hw)
                for d in depth_mm
            ]
        )
    stamps = np.array([streams.colour[i][0] for i, _ in pairs])
    return RGBDVideo(rgb, depth_mm, stamps - stamps[0], streams.K_colour)


def align_depth(
    depth_mm: NDArray[np.uint16],
    K_depth: NDArray[np.float64],
    K_colour: NDArray[np.float64],
    T_colour_depth: NDArray[np.float64],
    colour_hw: tuple[int, int],
) -> NDArray[np.uint16]:
    """Depth (h, w) as the colour camera would measure it, by a z-buffer.

    librealsense's own ``align`` differs between versions; this gives the same bytes everywhere.
    Every depth pixel covers the colour pixels that its own footprint covers.
    """
    camera = PinholeCamera(depth_mm.shape[1], depth_mm.shape[0], K_depth)
    points = camera.unproject(depth_mm.astype(np.float64))[depth_mm > 0]
    T_mm = T_colour_depth.copy()
    T_mm[:3, 3] *= 1000
    points = transform_points(T_mm, points)
    points = points[points[:, 2] > 1]
    uv = (points / points[:, 2:]) @ K_colour.T
    radius = max(0.5, 0.5 * K_colour[0, 0] / K_depth[0, 0])
    h, w = colour_hw
    z = np.full((h, w), np.inf)
    reach = int(np.ceil(radius - 0.5))
    u0, v0 = np.rint(uv[:, 0]).astype(int), np.rint(uv[:, 1]).astype(int)
    for dv in range(-reach, reach + 1):
        for du in range(-reach, reach + 1):
            u, v = u0 + du, v0 + dv
            ok = (u >= 0) & (u < w) & (v >= 0) & (v < h)
            ok &= (np.abs(uv[:, 0] - u) <= radius) & (np.abs(uv[:, 1] - v) <= radius)
            np.minimum.at(z, (v[ok], u[ok]), points[ok, 2])
    return np.where(np.isfinite(z), np.clip(np.rint(z), 0, 65535), 0).astype(np.uint16)


def _pairs(streams: Streams) -> list[tuple[int, int]]:
    """Indices (colour, depth) of frames taken together, each used once, in order of time."""
    streams.colour.sort(key=lambda f: f[0])
    streams.depth.sort(key=lambda f: f[0])
    depth_s = np.array([t for t, _ in streams.depth])
    colour_s = np.array([t for t, _ in streams.colour])
    period = float(np.median(np.diff(colour_s))) if len(colour_s) > 1 else np.inf
    pairs, used = [], -1
    for i, t in enumerate(colour_s):
        j = int(np.argmin(np.abs(depth_s - t)))
        if j > used and abs(depth_s[j] - t) <= PAIRING_FRACTION * period:
            pairs.append((i, j))
            used = j
    return pairs


def _to_mm(raw: NDArray[np.uint16], to_mm: np.float32) -> NDArray[np.uint16]:
    if abs(to_mm - 1) < 1e-6:
        return raw
    return np.clip(np.rint(raw * to_mm), 0, 65535).astype(np.uint16)
