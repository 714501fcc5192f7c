"""Depth as a colour camera beside it would have measured it."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import empty, let_go
from xsim_core.geometry import PinholeCamera, transform_points


def align_film(
    depth_mm: NDArray[np.uint16],
    K_depth: NDArray[np.float64],
    K_colour: NDArray[np.float64],
    T_colour_depth: NDArray[np.float64],
    colour_hw: tuple[int, int],
) -> NDArray[np.uint16]:
    """Depth (t, h, w) by ``align_depth``, (t, H, W) of colour's size.

    Args:
        depth_mm: as the depth camera gave it.
        K_depth: (3, 3).
        K_colour: (3, 3).
        T_colour_depth: (4, 4), metres.
        colour_hw: height and width of the colour images.
    """
    aligned = empty((len(depth_mm), *colour_hw), np.uint16)
    for i, image in enumerate(depth_mm):
        aligned[i] = align_depth(image, K_depth, K_colour, T_colour_depth, colour_hw)
        let_go(aligned)
        let_go(image)
    return aligned


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
