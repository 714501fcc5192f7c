"""Timestamps as clocks give them: units, wrapped counters, and what is refused."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

Floats = NDArray[np.float64]

UNITS = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}
SENSIBLE_STEP_S = (0.002, 2.0)
"""Between two frames, at 500 to 0.5 frames a second: the units' ranges do not overlap."""
WRAPS_S = (2**32 * 1e-6, 2**32 * 1e-3, 2**32 * 1e-9)
"""Counters of 32 bits of microseconds (every 71.6 minutes), milliseconds and nanoseconds."""
WRAP_STEPS = 10.0
PAUSE_S = 1.0


def to_seconds(stamps: Floats, source: str, notes: list[str]) -> Floats:
    """Timestamps in seconds; another unit is recognised by the time between frames.

    Raises:
        BadInputError: when the time between frames fits no unit.
    """
    steps = np.abs(np.diff(stamps))
    if len(steps) == 0 or not np.isfinite(stamps).all() or not np.median(steps) > 0:
        return stamps
    step = float(np.median(steps))
    low, high = SENSIBLE_STEP_S
    for unit, factor in UNITS.items():
        if low < step * factor <= high:
            if factor != 1:
                notes.append(
                    f"{source} is in {unit} (a step is {step:.4g}): multiplied by {factor:g}"
                )
            return stamps * factor
    raise BadInputError(
        f"{source}: frames are {step:.4g} apart, which is no frame rate in seconds, milliseconds, "
        "microseconds or nanoseconds. Write seconds, one line a frame."
    )


def mend_clock(
    stamps_s: Floats, source: str, notes: list[str], *, lines: list[int] | None = None
) -> Floats:
    """Timestamps that rise; a counter that wrapped is unwrapped and noted.

    Args:
        stamps_s: (n,) in the order of recording.
        source: named in errors and notes.
        notes: receives what was mended.
        lines: the line of each in its file; without it, errors count frames from 0.

    Raises:
        BadInputError: with the line, for values that are not finite, equal or go backward.
    """

    def at(i: int) -> str:
        return f"line {lines[i]}" if lines else f"frame {i}"

    if not np.isfinite(stamps_s).all():
        i = int(np.argmin(np.isfinite(stamps_s)))
        raise BadInputError(f"{source}: {at(i)} is {stamps_s[i]}, which is no time")
    steps = np.diff(stamps_s)
    usual = float(np.median(np.abs(steps))) if len(steps) else 0.0
    mended = stamps_s.copy()
    for i in np.flatnonzero(steps <= 0).tolist():
        before, now = stamps_s[i], stamps_s[i + 1]
        if now == before:
            raise BadInputError(
                f"{source}: {at(i + 1)} has the time of the one before it ({now:.6f} s); each "
                "frame needs its own"
            )
        wrap = next((w for w in WRAPS_S if 0 < w + now - before <= WRAP_STEPS * usual), None)
        if wrap is None:
            raise BadInputError(
                f"{source}: at {at(i + 1)} time goes back from {before:.6f} to {now:.6f} s. Was "
                "the camera or its clock restarted? Cut the film there and bring one part."
            )
        mended[i + 1 :] += wrap
        notes.append(f"{source}: the clock wraps after {wrap:.3f} s at {at(i + 1)}: unwrapped")
    for i in np.flatnonzero(np.diff(mended) > max(PAUSE_S, WRAP_STEPS * usual)).tolist():
        pause_s = mended[i + 1] - mended[i]
        notes.append(f"{source}: nothing was recorded for {pause_s:.2f} s at {at(i + 1)}")
    return mended


def unwrap_sorted(stamps_s: Floats, source: str, notes: list[str]) -> Floats:
    """Times of frames sorted by them, where sorting has put what came after a wrap first."""
    steps = np.diff(stamps_s)
    if len(steps) < 2 or steps.max() <= PAUSE_S:
        return stamps_s
    usual, cut = float(np.median(steps)), int(np.argmax(steps)) + 1
    for wrap in WRAPS_S:
        # Such a counter has gone to its end and begun again at 0; a pause alone leaves both open.
        slack_s = WRAP_STEPS * usual
        if 0 <= stamps_s[0] <= slack_s and 0 < wrap - stamps_s[-1] <= slack_s:
            notes.append(f"{source}: the clock wraps after {wrap:.3f} s at frame {cut}: unwrapped")
            return stamps_s + np.where(np.arange(len(stamps_s)) < cut, wrap, 0.0)
    return stamps_s
