"""The room behind what moves: per pixel, the farthest surface that a still camera saw again.

A hand and an object are always before the room, so of all depths that a pixel measured over the
film the farthest that several frames agree on is the room's. Its colour is the median over the
frames in which it was seen. (A median over all frames, as background subtraction takes it, is the
object wherever that stood for half of the film.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAX_FRAMES = 96
"""Of a stretch, spread over it; more change little and take memory."""
MIN_FRAMES = 3
"""That must agree on a surface at a pixel."""
MIN_SHARE = 0.05
"""Likewise, of the frames with depth at that pixel: outliers of the depth are rarer."""
BESIDE = 100
"""A hundredth of the image's width around what moves is not taken for the room."""
BAND_ROWS = 32
"""Rows worked on at once: expressions over a whole film take gigabytes."""


@dataclass(frozen=True)
class Background:
    """What one viewpoint saw of the room."""

    rgb: NDArray[np.uint8]
    """(k, h, w, 3): each the median of other frames of the film."""
    depth_m: Floats
    """(h, w), the median over all frames; 0 where no surface was measured often enough."""


def tolerance_m(depth_m: Floats) -> Floats:
    """How far measurements of one surface lie apart: three standard deviations of a stereo camera.

    Its error grows with the square of the distance; 2.5 mm at a metre is that of a D435 whose
    disparity is 0.08 pixels off (Intel's tuning guide), 4 mm allows for its steps near by.
    """
    return np.float32(0.004) + np.float32(0.0075) * depth_m * depth_m


def background(
    rgb: NDArray[np.uint8], depth_mm: NDArray[np.uint16], frames: NDArray[np.int64], *, folds: int
) -> Background:
    """The room as these frames of a still camera show it.

    Args:
        rgb: (t, h, w, 3) of the film.
        depth_mm: (t, h, w), 0 is no measurement.
        frames: (n,) in which the camera stood in one place.
        folds: how many pictures are made, each of every ``folds``-th frame.
    """
    if len(frames) > MAX_FRAMES:
        frames = frames[np.linspace(0, len(frames) - 1, MAX_FRAMES).round().astype(int)]
    looks = np.stack([rgb[i] for i in frames.tolist()])
    seen = np.stack([depth_mm[i] for i in frames.tolist()])
    pictures, depth_m = np.zeros((folds, *looks.shape[1:]), np.uint8), farthest_agreed(seen)
    beside = _beside_what_moves(seen, depth_m)
    for band in _bands(depth_m):
        depths, room_m = _metres(seen[:, band]), depth_m[band]
        is_room = np.abs(depths - room_m) < tolerance_m(room_m)
        # Where nothing was measured, the colour that lasted longest is all there is.
        is_room[:, room_m == 0] = True
        is_apart = is_room & ~beside[:, band]
        is_room = np.where(is_apart.sum(0) >= MIN_FRAMES, is_apart, is_room)
        pictures[:, band] = _colours(looks[:, band], is_room, folds)
        depths[~is_room] = np.nan
        depth_m[band] = np.where(room_m > 0, _median(depths, fallback=room_m), 0)
    return Background(pictures, depth_m)


def _beside_what_moves(seen_mm: NDArray[np.uint16], room_m: Floats) -> NDArray[np.bool_]:
    """Pixels (n, h, w) at or near something before the room.

    There its edge is leaked, its foot is as far as the room, and its shadow falls.
    """
    import cv2

    size = 2 * max(2, room_m.shape[1] // BESIDE) + 1
    around = np.ones((size, size), np.uint8)
    found = np.zeros(seen_mm.shape, bool)
    for i, depth_mm in enumerate(seen_mm):
        depths = _metres(depth_mm)
        before = (depths > 0) & (depths < room_m - tolerance_m(room_m))
        # Single pixels are noise of the depth.
        before = cv2.morphologyEx(before.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), "u1"))
        found[i] = cv2.dilate(before, around).astype(bool)
    return found


def _bands(image: Floats) -> list[slice]:
    return [slice(top, top + BAND_ROWS) for top in range(0, len(image), BAND_ROWS)]


def _metres(depth_mm: NDArray[np.uint16]) -> Floats:
    return depth_mm.astype(np.float32) * np.float32(1e-3)


def farthest_agreed(seen_mm: NDArray[np.uint16]) -> Floats:
    """The farthest depth (h, w) in metres that several frames (n, h, w) agree on; 0 for none."""
    depth_m = np.zeros(seen_mm.shape[1:], np.float32)
    for band in _bands(depth_m):
        depth_m[band] = _farthest_agreed(_metres(seen_mm[:, band]))
    return depth_m


def _farthest_agreed(depths_m: Floats) -> Floats:
    n = len(depths_m)
    num_seen = (depths_m > 0).sum(0)
    rank = np.maximum(MIN_FRAMES, np.ceil(MIN_SHARE * num_seen)).astype(int)
    # Farthest first; 0, no measurement, comes last.
    ordered = -np.sort(-depths_m, axis=0)
    at = np.take_along_axis(ordered, np.minimum(rank - 1, n - 1)[None], 0)[0]
    at[num_seen < rank] = 0
    middle = at
    for _ in range(2):
        is_close = np.abs(depths_m - middle) < tolerance_m(middle)
        total = np.where(is_close, depths_m, 0).sum(0, dtype=np.float64)
        middle = np.where(at > 0, total / np.maximum(is_close.sum(0), 1), 0).astype(np.float32)
    is_close = np.abs(depths_m - middle) < tolerance_m(middle)
    is_close[:, at == 0] = False
    return _median(np.where(is_close, depths_m, np.nan).astype(np.float32), fallback=at)


def _median(values: Floats, fallback: Floats) -> Floats:
    """Over the first axis without NaN; ``fallback`` where there is nothing else."""
    ordered, count = np.sort(values, axis=0), np.isfinite(values).sum(0)
    low, high = (np.maximum(count - 1, 0) // 2)[None], (count // 2)[None]
    high = np.minimum(high, len(values) - 1)
    pair = [np.take_along_axis(ordered, i, 0)[0] for i in (low, high)]
    return np.where(count > 0, (pair[0] + pair[1]) / 2, fallback).astype(np.float32)


def _colours(looks: NDArray[np.uint8], is_room: NDArray[np.bool_], folds: int) -> NDArray[np.uint8]:
    """Medians (folds, h, w, 3) of the colours (n, h, w, 3) of each fold where they are the room's.

    Where a fold never saw it, of all frames.
    """
    whole = np.where(is_room[..., None], looks, np.nan).astype(np.float32)
    missing = np.stack([~is_room[k::folds].any(0) for k in range(folds)])
    overall = np.zeros(looks.shape[1:], np.float32)
    needed = missing.any(0)
    overall[needed] = _median(whole[:, needed], overall[needed])
    parts = [_median(whole[k::folds], overall) for k in range(folds)]
    return np.rint(np.stack(parts)).astype(np.uint8)
