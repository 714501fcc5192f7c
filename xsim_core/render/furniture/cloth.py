"""Woven cloth: a checked towel, a rug of stripes and lozenges, a felt."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import Vec3
from xsim_core.render.textures import RGB, fractal_noise, to_rgb

THREAD_M = 0.0024


def checked_cloth(
    height_m: float,
    width_m: float,
    px_per_m: float,
    *,
    rng: np.random.Generator,
    rgb: Vec3,
    ground_rgb: Vec3 = (0.90, 0.88, 0.82),
    check_m: float = 0.03,
) -> RGB:
    """Gingham: stripes both ways, darkest where they cross, with threads and folds."""
    y, x = _metres(height_m, width_m, px_per_m)
    stripes = _stripes(x / check_m, rng) + _stripes(y / check_m, rng)
    share = 0.5 * stripes[..., None]
    image = (1 - share) * np.array(ground_rgb, np.float32) + share * np.array(rgb, np.float32)
    return to_rgb(image * _woven(x, y, rng)[..., None], blur_px=0.6)


def woven_rug(
    height_m: float,
    width_m: float,
    px_per_m: float,
    *,
    rng: np.random.Generator,
    palette: tuple[Vec3, ...],
) -> RGB:
    """Bands across the rug, each of another motif: plain, zigzag or lozenges."""
    y, x = _metres(height_m, width_m, px_per_m)
    image = np.zeros((*y.shape, 3), np.float32)
    top = 0.0
    while top < height_m:
        band = float(rng.uniform(0.03, 0.16))
        inside = (y >= top) & (y < top + band)
        dyes = np.array(palette, np.float32)[rng.choice(len(palette), 2, replace=False)]
        period = float(rng.uniform(0.04, 0.12))
        along, across = (x % period) / period, (y - top) / band
        saw = np.abs(2 * along - 1)
        shape = {
            0: np.zeros_like(saw, bool),
            1: np.abs(saw - across) < 0.22,
            2: np.abs(saw - 0.5) + np.abs(across - 0.5) < 0.38,
        }[int(rng.integers(0, 3))]
        colours = dyes[shape.astype(int)]
        image[inside] = colours[inside]
        top += band
    return to_rgb(image * _woven(x, y, rng)[..., None], blur_px=0.7)


def _metres(
    height_m: float, width_m: float, px_per_m: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = round(height_m * px_per_m), round(width_m * px_per_m)
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / np.float32(px_per_m)
    return y, x


def _stripes(along: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """1 on every second stripe; no two are of quite the same dye."""
    number = np.floor(along).astype(int)
    dyes = rng.uniform(0.7, 1.0, int(number.max()) + 1).astype(np.float32)
    return np.where(number % 2 == 0, dyes[number], np.float32(0))


def _woven(
    x: NDArray[np.float32], y: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Factor by which threads and folds darken it."""
    rows, columns = x.shape
    threads = 0.5 + 0.5 * np.sin(2 * np.pi * x / THREAD_M) * np.sin(2 * np.pi * y / THREAD_M)
    folds = fractal_noise(
        rows, columns, cells=max(3, max(rows, columns) // 120), octaves=3, rng=rng
    )
    specks = fractal_noise(rows, columns, cells=max(8, max(rows, columns) // 7), octaves=1, rng=rng)
    factor = 0.74 + 0.08 * threads + 0.14 * folds + 0.14 * specks
    return np.asarray(factor, np.float32)
