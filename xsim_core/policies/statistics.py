"""Intervals and paired tests for success rates; exact, small-sample, without assumptions."""

import math

import numpy as np
from numpy.typing import ArrayLike

Z_95 = 1.959963984540054
"""The two-sided 95 % point of the standard normal."""


def wilson_interval(successes: int, trials: int, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a binomial rate (Wilson 1927); (0, 1) without trials.

    Raises:
        ValueError: when successes are not within 0 and trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"wilson_interval: {successes} successes of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    rate, z2 = successes / trials, z * z
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z / (1 + z2 / trials) * math.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials**2))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return max(0.0, low), min(1.0, high)


def mcnemar_exact(before: ArrayLike, after: ArrayLike) -> float:
    """Two-sided exact McNemar p-value of paired outcomes (n,) bool: a sign test where they differ.

    Raises:
        ValueError: when the outcomes are not paired.
    """
    before, after = np.asarray(before, bool), np.asarray(after, bool)
    if before.shape != after.shape:
        raise ValueError(f"mcnemar_exact: {before.shape} and {after.shape} outcomes are not pairs")
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    n = gained + lost
    tail = sum(math.comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n
    return min(1.0, 2 * tail)
