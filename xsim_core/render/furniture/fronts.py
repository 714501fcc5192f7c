"""Walls as rooms have them: painted plaster, tiles, and cupboards before them."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import Vec3
from xsim_core.render.textures import RGB, fractal_noise, to_rgb

from .prints import book_backs, poster
from .wood import wood_texture


def plaster(rows: int, columns: int, *, rng: np.random.Generator, rgb: Vec3) -> RGB:
    """Painted plaster with marks of the roller and of years."""
    large = fractal_noise(rows, columns, cells=6, octaves=5, rng=rng)
    fine = fractal_noise(rows, columns, cells=max(rows, columns) // 5, octaves=1, rng=rng)
    shade = 0.86 + 0.12 * large + 0.06 * fine
    return to_rgb(np.array(rgb, np.float32) * shade[..., None], blur_px=0.8)


def tiles(
    rows: int, columns: int, *, rng: np.random.Generator, rgb: Vec3, tile_px: tuple[int, int]
) -> RGB:
    """Glazed tiles in a running bond, no two of quite the same glaze; some have a motif."""
    import cv2

    image = np.full((rows, columns, 3), 0.72, np.float32)
    image *= fractal_noise(rows, columns, cells=30, octaves=2, rng=rng)[..., None] * 0.2 + 0.85
    high, wide = tile_px
    for k, top in enumerate(range(0, rows, high)):
        for left in range(-(k % 2) * wide // 2, columns, wide):
            part = image[top + 1 : top + high - 1, max(0, left + 1) : max(0, left + wide - 1)]
            if not part.size:
                continue
            part[:] = np.array(rgb, np.float32) * rng.uniform(0.86, 1.1, 3)
            part *= 0.94 + 0.1 * rng.random(part.shape[:2], dtype=np.float32)[..., None]
            if rng.random() < 0.3:
                ink = tuple(float(c) for c in np.array(rgb) * rng.uniform(0.35, 0.75, 3))
                drawn = np.ascontiguousarray(part)
                centre = (part.shape[1] // 2, part.shape[0] // 2)
                for turn in rng.uniform(0, 180, 2):
                    axes = (max(2, wide // 3), max(1, high // 7))
                    cv2.ellipse(drawn, centre, axes, float(turn), 0, 360, ink, -1, cv2.LINE_AA)
                part[:] = drawn
    return to_rgb(image, blur_px=0.7)


def cupboards(wall: RGB, px_per_m: float, *, rng: np.random.Generator, rgb: Vec3) -> RGB:
    """A wall with doors of wood before its lower part, each with a handle and a gap around it."""
    image = wall.copy()
    rows, columns = wall.shape[:2]
    top, wide = int(0.42 * rows), max(12, int(0.5 * px_per_m))
    for left in range(0, columns, wide):
        tone = float(rng.uniform(0.9, 1.08))
        dye = (tone * rgb[0], tone * rgb[1], tone * rgb[2])
        size_m = wide / px_per_m, (rows - top) / px_per_m
        door = wood_texture(*size_m, px_per_m, rng=rng, rgb=dye, board_m=1.0, contrast=0.3)
        door = np.rot90(door)
        part = image[top:, left : left + wide]
        part[:] = door[: part.shape[0], : part.shape[1]]
        _frame(part, px_per_m)
        bar = slice(int(0.06 * px_per_m), int(0.2 * px_per_m))
        at = wide - int(0.07 * px_per_m)
        part[bar, at : at + max(2, int(0.016 * px_per_m))] = (198, 200, 204)
    image[top - max(2, int(0.03 * px_per_m)) : top] = (92, 84, 78)
    return image


def shelves(wall: RGB, px_per_m: float, *, rng: np.random.Generator) -> RGB:
    """A wall with shelves of books, and posters where there are none."""
    image = wall.copy()
    rows, columns = wall.shape[:2]
    board, pitch = max(2, int(0.025 * px_per_m)), max(16, int(0.34 * px_per_m))
    left = int(columns * rng.uniform(0.05, 0.12))
    right = int(columns * rng.uniform(0.52, 0.66))
    for top in range(int(0.1 * rows), rows - pitch, pitch):
        books = book_backs(pitch - board, right - left, rng=rng, book_px=0.034 * px_per_m)
        image[top : top + pitch - board, left:right] = books
        image[top + pitch - board : top + pitch, left:right] = (120, 88, 60)
    width = int((columns - right) * 0.32)
    for start in (right + width // 3, right + width // 3 + int(1.4 * width)):
        height = int(width * 1.35)
        top = int(rows * rng.uniform(0.22, 0.34))
        fits = min(height, rows - top), min(width, columns - start)
        if min(fits) > 16:
            image[top : top + fits[0], start : start + fits[1]] = poster(*fits, rng=rng)
    return image


def _frame(part: NDArray[np.uint8], px_per_m: float) -> None:
    """Darken the gap around a door and the groove of its panel."""
    gap, groove = max(1, int(0.004 * px_per_m)), int(0.06 * px_per_m)
    for edge in (part[:gap], part[-gap:], part[:, :gap], part[:, -gap:]):
        edge[:] = edge // 3
    inner = part[groove:-groove, groove:-groove]
    for edge in (inner[:gap], inner[-gap:], inner[:, :gap], inner[:, -gap:]):
        edge[:] = (edge * 0.6).astype(np.uint8)
