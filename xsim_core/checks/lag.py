"""By how many frames depth comes later than colour, measured from what moves.

Whatever moves changes colour and depth at the same pixels. How much each changes from frame to
frame is correlated over all pixels, at every shift in time; the peak is the lag.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import each

MAX_LAG = 8
MAX_FRAMES = 400
"""In the middle of the film; a longer one is not read to its ends."""
COLUMNS = 80
GAP = 2
"""Frames between which changes are taken."""
GREY_RANGE = (6.0, 40.0)
"""Grey levels: a change below the first is noise, and none counts for more than the second."""
DEPTH_RANGE = (0.01, 0.1)
"""The same of depth, as a share of it."""
MIN_CORRELATION = 0.3
"""Below it too little moves, or the streams show different things. The demo reaches 0.56."""


@dataclass(frozen=True)
class Lag:
    """How much later depth comes than colour."""

    frames: float
    """Positive where depth comes later."""
    correlation: float
    """Of the changes at this lag."""


def depth_lag(rgb: NDArray[np.uint8], depth_mm: NDArray[np.uint16]) -> Lag | None:
    """The lag of depth behind colour; None where too little moves to tell, or it is larger.

    Args:
        rgb: (t, h, w, 3).
        depth_mm: (t, h, w), 0 = no measurement.
    """
    n = len(rgb)
    if n < 2 * MAX_LAG + GAP + 4:
        return None
    start = max(0, (n - MAX_FRAMES) // 2)
    frames = range(start, min(n, start + MAX_FRAMES))
    in_colour, in_depth = _colour_changes(rgb, frames), _depth_changes(depth_mm, frames)
    lags = range(-MAX_LAG, MAX_LAG + 1)
    scores = np.array([_correlation(in_colour, in_depth, k) for k in lags])
    best = int(scores.argmax())
    if scores[best] < MIN_CORRELATION or best in (0, len(lags) - 1):
        return None
    a, b, c = scores[best - 1 : best + 2]
    return Lag(lags[best] + float(0.5 * (a - c) / (a - 2 * b + c)), float(b))


def _colour_changes(rgb: NDArray[np.uint8], frames: range) -> NDArray[np.float32]:
    import cv2

    height, width = rgb.shape[1:3]
    size = COLUMNS, max(1, COLUMNS * height // width)
    shrink: Any = cv2.resize
    small = [np.asarray(shrink(f, size, interpolation=cv2.INTER_AREA)) for f in each(rgb, frames)]
    grey: NDArray[np.float32] = np.stack(small).mean(axis=-1, dtype=np.float32)
    return _blurred(np.abs(grey[GAP:] - grey[:-GAP]), GREY_RANGE)


def _depth_changes(depth_mm: NDArray[np.uint16], frames: range) -> NDArray[np.float32]:
    height, width = depth_mm.shape[1:3]
    # Not averaged: between an edge's two sides there is nothing.
    columns = np.arange(COLUMNS) * (width - 1) // (COLUMNS - 1)
    num_rows = max(2, COLUMNS * height // width)
    rows = np.arange(num_rows) * (height - 1) // (num_rows - 1)
    picked = [frame[rows[:, None], columns] for frame in each(depth_mm, frames)]
    small = np.stack(picked).astype(np.float32)
    now, before = small[GAP:], small[:-GAP]
    change = np.abs(now - before) / np.maximum(now, 1)
    return _blurred(np.where((now > 0) & (before > 0), change, 0), DEPTH_RANGE)


def _blurred(change: NDArray[Any], counted: tuple[float, float]) -> NDArray[np.float32]:
    import cv2

    clipped = np.clip(change - counted[0], 0, counted[1]).astype(np.float32)
    return np.stack([np.asarray(cv2.GaussianBlur(f, (0, 0), 1.5), np.float32) for f in clipped])


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32], lag: int) -> float:
    """Pearson's, of what changes in a at a frame and in b ``lag`` frames later."""
    n = len(a)
    x, y = a[max(0, -lag) : n - max(0, lag)], b[max(0, lag) : n - max(0, -lag)]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = float(np.sqrt((x * x).sum(dtype=np.float64) * (y * y).sum(dtype=np.float64)))
    return float((x * y).sum(dtype=np.float64)) / norm if norm > 0 else 0.0
