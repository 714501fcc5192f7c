"""Printed things without words: fronts of boxes, covers and backs of books, labels, posters."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import Vec3
from xsim_core.render.textures import RGB, fractal_noise, to_rgb

INKS: tuple[Vec3, ...] = (
    (0.78, 0.22, 0.18), (0.16, 0.36, 0.62), (0.93, 0.76, 0.25), (0.20, 0.48, 0.34),
    (0.90, 0.87, 0.80), (0.16, 0.17, 0.20), (0.86, 0.50, 0.22), (0.50, 0.30, 0.52),
)  # fmt: skip


def printed_front(rows: int, columns: int, *, rng: np.random.Generator, rgb: Vec3) -> RGB:
    """A package's front: a ground, a band, a picture of shapes and lines of illegible print."""
    import cv2

    image = np.empty((rows, columns, 3), np.float32)
    image[:] = np.array(rgb, np.float32)
    image *= 0.9 + 0.2 * fractal_noise(rows, columns, cells=5, octaves=3, rng=rng)[..., None]
    top, depth = int(rows * rng.uniform(0.05, 0.2)), int(rows * rng.uniform(0.14, 0.24))
    image[top : top + depth] = _ink(rng)
    print_lines(image[top : top + depth], rng, lines=1, margin=0.12)
    low = int(rows * rng.uniform(0.42, 0.5))
    centre, size = (columns // 2, (low + rows) // 2), min(columns, rows - low) // 2
    for share in (0.9, 0.66, 0.42):
        axes = (int(size * share * rng.uniform(0.8, 1)), int(size * share * rng.uniform(0.7, 1)))
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(image, centre, axes, turn, 0, 360, _ink(rng), -1, cv2.LINE_AA)
    for _ in range(14):
        at = (int(rng.integers(0, columns)), int(rng.integers(low, rows)))
        cv2.circle(image, at, int(rng.integers(2, 3 + size // 6)), _ink(rng), -1, cv2.LINE_AA)
    print_lines(image[top + depth : low], rng, lines=4, margin=0.1)
    return to_rgb(image, blur_px=0.8)


def book_backs(rows: int, columns: int, *, rng: np.random.Generator, book_px: float) -> RGB:
    """A row of books on a shelf, their backs to the room."""
    image = np.full((rows, columns, 3), 0.07, np.float32)
    left = 0
    while left < columns:
        right = min(columns, left + max(4, int(book_px * rng.uniform(0.5, 1.5))))
        top = int(rows * rng.uniform(0.0, 0.28))
        back = image[top:, left : right - 1]
        if back.size:
            back[:] = np.array(_ink(rng)) * rng.uniform(0.55, 1.0)
            across = np.linspace(-1, 1, back.shape[1], dtype=np.float32)
            back *= (1 - 0.35 * across**2)[None, :, None]
            for at in rng.uniform(0.06, 0.9, 3):
                first = int(at * len(back))
                back[first : first + max(1, len(back) // 40)] = _ink(rng)
            first = int(rng.uniform(0.25, 0.5) * len(back))
            print_lines(back[first : first + len(back) // 4], rng, lines=4, margin=0.25)
        left = right
    return to_rgb(image, blur_px=0.7)


def poster(rows: int, columns: int, *, rng: np.random.Generator) -> RGB:
    """A landscape of ranges one behind the other under a sky with a disc, in a white margin."""
    import cv2

    image = np.full((rows, columns, 3), 0.93, np.float32)
    edge = max(2, min(rows, columns) // 14)
    view = image[edge : rows - edge, edge : columns - edge]
    h, w = view.shape[:2]
    fade = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    view[:] = (1 - fade) * np.array(_ink(rng)) * 0.8 + fade * np.array([0.95, 0.86, 0.7])
    sun = np.ascontiguousarray(view)
    cv2.circle(
        sun, (int(w * rng.uniform(0.2, 0.8)), h // 4), h // 9, (0.97, 0.9, 0.6), -1, cv2.LINE_AA
    )
    view[:] = sun
    for k, horizon in enumerate(np.linspace(0.4, 0.85, 4)):
        ridge = fractal_noise(2, w, cells=6 + 2 * k, octaves=4, rng=rng)[0]
        top = (h * (horizon - 0.22 * (ridge - 0.5))).astype(int)
        below = np.arange(h)[:, None] >= top[None]
        view[below] = np.array(_ink(rng)) * (0.9 - 0.15 * k)
    return to_rgb(image, blur_px=0.8)


def print_lines(
    part: NDArray[np.float32], rng: np.random.Generator, *, lines: int, margin: float
) -> None:
    """Strokes of the size of letters in rows, as print looks from where it cannot be read."""
    rows, columns = part.shape[:2]
    if rows < 2 * lines or columns < 8:
        return
    ink = np.array(_ink(rng))
    pitch = rows / lines
    for line in range(lines):
        top, bottom = int((line + 0.25) * pitch), int((line + 0.8) * pitch)
        at, end = int(margin * columns), int((1 - margin * rng.uniform(1, 3)) * columns)
        while at < end:
            width = max(1, int((bottom - top) * rng.uniform(0.25, 0.7)))
            if rng.random() < 0.82:
                low = top + int((bottom - top) * rng.choice([0, 0.35]))
                part[low:bottom, at : min(at + width, end)] = ink
            at += width + max(1, int(0.25 * (bottom - top)))


def _ink(rng: np.random.Generator) -> tuple[float, float, float]:
    return INKS[int(rng.integers(0, len(INKS)))]
