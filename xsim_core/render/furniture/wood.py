"""Boards of wood: grain that runs along them, rings that bend around knots, pores and joints."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import Vec3
from xsim_core.render.textures import RGB, fractal_noise, to_rgb

RINGS_PER_M = 85.0
KNOT_M = (0.004, 0.016)


def wood_texture(
    height_m: float,
    width_m: float,
    px_per_m: float,
    *,
    rng: np.random.Generator,
    rgb: Vec3,
    board_m: float = 0.14,
    length_m: float = 0.9,
    contrast: float = 1.0,
) -> RGB:
    """Boards that lie along the columns, each of its own log.

    Args:
        height_m: across the boards.
        width_m: along them.
        px_per_m: resolution.
        rng: source of the pattern.
        rgb: of light wood between the rings, in [0, 1].
        board_m: how broad a board is.
        length_m: about how long, before the next one is joined on.
        contrast: of the grain; 1 is oak.
    """
    rows, columns = round(height_m * px_per_m), round(width_m * px_per_m)
    image = np.zeros((rows, columns, 3), np.float32)
    edges = np.linspace(0, rows, max(1, round(height_m / board_m)) + 1).astype(int)
    for top, bottom in pairwise(edges.tolist()):
        start = -round(rng.uniform(0, length_m) * px_per_m)
        while start < columns:
            end = start + round(rng.uniform(0.7, 1.3) * length_m * px_per_m)
            left, right = max(start, 0), min(end, columns)
            if right > left:
                board = _board(bottom - top, right - left, px_per_m, rng, rgb, contrast)
                image[top:bottom, left:right] = board
                image[top:bottom, left : left + 1] *= 0.55
            start = end
        image[top : top + 1] *= 0.6
    return to_rgb(image, blur_px=0.7)


def _board(
    rows: int, columns: int, px_per_m: float, rng: np.random.Generator, rgb: Vec3, contrast: float
) -> NDArray[np.float32]:
    """(rows, columns, 3) in [0, 1]."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / np.float32(px_per_m)
    longest = max(rows, columns)
    bend = fractal_noise(rows, columns, cells=max(3, longest // 160), octaves=3, rng=rng) - 0.5
    ring = (y + 0.035 * bend + rng.uniform(0, 1)) * RINGS_PER_M
    knots = np.zeros_like(y)
    for _ in range(rng.poisson(0.9 + 5 * rows * columns / px_per_m**2)):
        radius = float(rng.uniform(*KNOT_M))
        at_x, at_y = rng.uniform(0, columns / px_per_m), rng.uniform(0, rows / px_per_m)
        away = np.hypot((x - at_x) / 1.7, y - at_y)
        near = np.exp(-((away / (2.2 * radius)) ** 2))
        ring = ring * (1 - near) + near * away * 4 * RINGS_PER_M
        knots = np.maximum(knots, np.exp(-((away / radius) ** 4)))
    grain = (np.abs((ring % 1.0) - 0.5) * 2) ** 1.8
    streaks = _streaks(rows, columns, rng)
    dark = contrast * (0.20 * grain + 0.22 * streaks + 0.08 * (bend + 0.5)) + 0.45 * knots
    tone = np.float32(rng.uniform(0.86, 1.08))
    hue = np.array([1.0, 0.93, 0.82], np.float32) ** rng.uniform(0, 1)
    shade = np.clip(tone * (1 - dark), 0.08, 1)[..., None]
    return np.asarray(np.array(rgb, np.float32) * hue * shade, np.float32)


def _streaks(rows: int, columns: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Pores: short dark strokes along the grain, in [0, 1]."""
    import cv2

    fine = rng.random((rows, max(4, columns // 14)), dtype=np.float32)
    strokes = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_LINEAR)
    strokes = np.clip((strokes - 0.62) / 0.38, 0, 1) ** 1.3
    return np.asarray(strokes, np.float32)
