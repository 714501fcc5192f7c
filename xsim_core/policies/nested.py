"""Intervals and tests of trials that lie in worlds: what differs between worlds counts.

Trials of one world have its light and its camera in common, so a hundred in one world say less of
worlds than five in each of twenty. A bootstrap over twenty worlds covers 82 to 95 % where it should
95, so it is not used; ``tests/benchmarks/students/bench_coverage.py`` measures what these cover.
"""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError


def nested_interval(success: NDArray[np.bool_]) -> tuple[float, float]:
    """95 % interval of a rate from outcomes (w, t) of t trials in each of w worlds.

    Wilson's interval of the effective number of trials, with Student's quantile for the worlds
    (Korn and Graubard 1998; Dean and Pagano 2015).

    Raises:
        BadInputError: for fewer than two worlds.
    """
    worlds, trials = _shape(success)
    rate, number = float(success.mean()), worlds * trials
    between = float(success.mean(axis=1).var(ddof=1)) / worlds
    alike = rate * (1 - rate) / (number - 1)
    effective = number * alike / between if between > 0 and alike > 0 else float(number)
    q = _quantile(worlds)
    centre = (rate + q * q / (2 * effective)) / (1 + q * q / effective)
    half = math.sqrt(rate * (1 - rate) / effective + q * q / (4 * effective**2))
    half *= q / (1 + q * q / effective)
    low = 0.0 if rate == 0 else max(0.0, centre - half)
    return low, 1.0 if rate == 1 else min(1.0, centre + half)


def nested_difference(
    before: NDArray[np.bool_], after: NDArray[np.bool_], *, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of ``after`` minus ``before`` from paired outcomes (w, t) and (w, t).

    Student's interval over worlds. Two further worlds, in which one trial was gained and one lost,
    widen it alone: without them it would have no width where nothing changed, which shows little.

    Raises:
        BadInputError: for fewer than two worlds, or outcomes that are not pairs.
    """
    change = _change(before, after)
    worlds, trials = change.shape
    by_world = change.mean(axis=1)
    squares = float(((by_world - by_world.mean()) ** 2).sum()) + 2 / trials**2
    half = _quantile(worlds, confidence) * math.sqrt(squares / (worlds + 1) / worlds)
    mean = float(by_world.mean())
    return max(-1.0, mean - half), min(1.0, mean + half)


def sign_flip_exact(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """Two-sided p of paired outcomes (w, t): each world's change might as well be the opposite.

    Exact over all choices of sign (Fisher's randomisation test with worlds as units).

    Raises:
        BadInputError: for fewer than two worlds, or outcomes that are not pairs.
    """
    steps = np.abs(_change(before, after).sum(axis=1))
    observed = abs(int(_change(before, after).sum()))
    middle = int(steps.sum())
    chance = np.zeros(2 * middle + 1)
    chance[middle] = 1.0
    for step in steps[steps > 0]:
        chance = (np.roll(chance, step) + np.roll(chance, -step)) / 2
    far = np.abs(np.arange(-middle, middle + 1)) >= observed
    return float(min(1.0, chance[far].sum()))


def _shape(success: NDArray[np.bool_]) -> tuple[int, int]:
    if success.ndim != 2 or len(success) < 2 or success.shape[1] < 1:
        raise BadInputError(
            f"outcomes of shape {success.shape} are not those of trials in at least two worlds"
        )
    worlds, trials = success.shape
    return worlds, trials


def _change(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> NDArray[np.int64]:
    if _shape(before) != _shape(after):
        raise BadInputError(f"{before.shape} and {after.shape} outcomes are not pairs")
    return after.astype(np.int64) - before.astype(np.int64)


def _quantile(worlds: int, confidence: float = 0.95) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(worlds - 1, (1 + confidence) / 2))
