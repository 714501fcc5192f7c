"""What the other frames of a film reveal behind what one moment shows, pixel by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .standing import DepthM, Mask, opened

MAX_FRAMES = 64
"""Spread over the film; the memory of one frame is what is held of all."""
STILL_S, MAX_FIRST = 0.34, 5
"""How long a thing stands still from the moment on at least, and how many frames tell."""
GONE_FRAMES = 3
"""In which a surface behind must be seen; 2 in films of fewer than 20 frames."""


@dataclass(frozen=True)
class Revealed:
    """What the frames say of each pixel (h, w) of the moment."""

    there_m: DepthM
    """What was measured at the moment."""
    num_first: int
    """Frames that this is the median of."""
    gone: Mask
    """A surface behind was seen, often enough."""
    is_still: Mask
    """And nothing of it at the moment itself."""
    comes: Mask
    """Something nearer comes at the moment itself."""
    went_s: NDArray[np.float64]
    """When it was first seen often enough."""
    stays: float
    """Share of the picture that stayed, median over frames."""


def revealed(
    depth_mm: Sequence[NDArray[np.uint16]] | NDArray[np.uint16],
    timestamps_s: NDArray[np.floating],
    frame: int,
    step: int,
) -> Revealed:
    """Go through the frames, one at a time.

    Args:
        depth_mm: (t, h, w) of a camera that stands still; 0: not measured.
        timestamps_s: (t,).
        frame: of the moment.
        step: every how many rows and columns are looked at.
    """

    def metres(i: int) -> DepthM:
        return np.asarray(depth_mm[i][::step, ::step]).astype(np.float32) * np.float32(1e-3)

    num, since_s = len(timestamps_s), np.asarray(timestamps_s) - timestamps_s[frame]
    at_moment = np.flatnonzero((since_s >= 0) & (since_s <= STILL_S))
    first = _spread(at_moment, min(MAX_FIRST, max(1, num // 8)))
    others = _spread(np.setdiff1d(np.arange(num), at_moment), MAX_FRAMES)
    moment = np.stack([metres(i) for i in first.tolist()])
    there_m = _median(moment)
    near_m = np.float32(0.003) + np.float32(0.006) * there_m * there_m
    least = GONE_FRAMES if num >= 20 else 2
    count, went_s, stays = np.zeros(there_m.shape, np.int32), np.full(there_m.shape, np.inf), [1.0]
    for i in others.tolist():
        now_m = metres(i)
        count += now_m - there_m > near_m
        went_s[(count == least) & ~np.isfinite(went_s)] = timestamps_s[i]
        is_known = (there_m > 0) & (now_m > 0)
        if is_known.any():
            stays.append(float((np.abs(now_m - there_m) < near_m)[is_known].mean()))
    gone = (there_m > 0) & (count >= least)
    is_still = gone & ~((moment - there_m) > near_m).any(0)
    nearer = (moment[-1] > 0) & (moment[0] - moment[-1] > near_m)
    return Revealed(
        there_m=there_m,
        num_first=len(first),
        gone=gone,
        is_still=is_still,
        comes=opened(nearer),
        went_s=went_s,
        stays=float(np.median(stays[1:] or stays)),
    )


def _spread(numbers: NDArray[np.int64], at_most: int) -> NDArray[np.int64]:
    if len(numbers) <= at_most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, at_most).round().astype(int)]


def _median(depths_m: DepthM) -> DepthM:
    """Over frames (n, h, w), of what was measured; 0 where most have no measurement."""
    known = (depths_m > 0).sum(0) * 2 > len(depths_m)
    middle = np.zeros(depths_m.shape[1:], np.float32)
    of_known = depths_m[:, known]
    middle[known] = np.nanmedian(np.where(of_known > 0, of_known, np.nan), axis=0)
    return middle
