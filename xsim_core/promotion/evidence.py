"""The test by which a newer policy replaces the current one.

The test is a bet (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by
betting", JRSS-B 2024, arXiv 2010.09686). On a pair of trials with the same seed, ``x``, candidate
minus current, is -1, 0 or 1. Against the claim "the mean of x is at most m", a gambler who stakes
the share ``s`` has the capital ``prod(1 + s (x - m) / (1 + m))``, which cannot grow on average
while the claim is true; by Ville's inequality (1939) it ever reaches ``1 / alpha`` with probability
at most ``alpha``. So one may look after every pair, and add trials until something is decided.

"Not worse" says something only where worse could be seen: beside a current policy that succeeds no
more often than the margin, one that never succeeds is not worse by the margin either. There, only
"better" lets a candidate in (clinical trials call this assay sensitivity, ICH E10).
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError

_STAKES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
"""Shares of the capital; the mean over gamblers is a bet as well, and needs no tuning."""

Action = Literal["promote", "keep", "continue", "void"]
"""``void``: the trials say nothing about either policy, and more of them would not."""


class PromotionTest(FrozenModel):
    """When a candidate is good enough."""

    margin: float = Field(default=0.1, gt=0.0, lt=1.0)
    """A candidate that succeeds this much less often is worse; one not shown to be is let in."""
    alpha: float = Field(default=0.05, gt=0.0, lt=0.5)
    """Probability of letting a worse one in, and of calling an equal one worse."""


class Decision(FrozenModel):
    """What the trials so far say."""

    action: Action
    reason: str
    num_pairs: int
    """Pairs looked at until the decision fell."""
    wins: int
    """Seeds that only the candidate solved."""
    losses: int
    """Seeds that only the current policy solved."""
    evidence_better: float
    """Capital won against "not better"; 1 / alpha decides."""
    evidence_not_worse: float
    """Capital won against "worse by the margin"."""
    evidence_worse: float
    """Capital won against "not worse at all"."""
    test: PromotionTest


def untried(reason: str, test: PromotionTest | None = None) -> Decision:
    """To keep the current policy without a trial."""
    return Decision(
        action="keep",
        reason=reason,
        num_pairs=0,
        wins=0,
        losses=0,
        evidence_better=1.0,
        evidence_not_worse=1.0,
        evidence_worse=1.0,
        test=test or PromotionTest(),
    )


def decide(
    current: Sequence[Any] | NDArray[Any],
    candidate: Sequence[Any] | NDArray[Any],
    test: PromotionTest | None = None,
) -> Decision:
    """Compare two policies on paired seeds, stopping at the first pair that decides.

    Args:
        current: (n,) whether the current policy succeeded on each seed: booleans, or 0 and 1.
        candidate: (n,) the same for the candidate, on the same seeds in the same order.
        test: the margins.

    Raises:
        BadInputError: when the arrays are not pairs.
    """
    test = test or PromotionTest()
    old, new = np.asarray(current), np.asarray(candidate)
    if old.shape != new.shape or old.ndim != 1:
        raise BadInputError(
            f"{old.shape} and {new.shape} trials are not pairs. Evaluate both policies on the same "
            "seeds."
        )
    unclear = ~(np.isin(old, (0, 1)) & np.isin(new, (0, 1)))
    if unclear.any():
        reason = (
            f"{int(unclear.sum())} of {len(old)} pairs are neither success nor failure (NaN, or "
            "another number): the evaluation is broken"
        )
        return untried(reason, test).model_copy(update={"action": "void"})
    return _decide(old.astype(bool), new.astype(bool), test)


def _decide(old: NDArray[np.bool_], new: NDArray[np.bool_], test: PromotionTest) -> Decision:
    x = new.astype(np.int8) - old.astype(np.int8)
    num_pairs = np.arange(1, len(x) + 1)
    evidence = {
        "better": _capital(x, 0.0),
        "not_worse": _capital(x, -test.margin),
        "worse": _capital(-x, 0.0),
    }
    bar = 1.0 / test.alpha
    could_be_worse = np.cumsum(old) > test.margin * num_pairs
    verdicts = {
        # In this order at equal times: nothing is promoted in doubt.
        "worse": evidence["worse"] >= bar,
        "void": (evidence["not_worse"] >= bar) & (np.cumsum(old | new) == 0),
        "better": evidence["better"] >= bar,
        "not_worse": (evidence["not_worse"] >= bar) & could_be_worse,
    }
    verdict, stop = min(((name, _first(v)) for name, v in verdicts.items()), key=lambda v: v[1])
    n = min(stop, len(x))
    action, reason = _in_words(verdict, stop, old[:n], new[:n], test)
    at = {f"evidence_{k}": round(float(e[n - 1]) if n else 1.0, 4) for k, e in evidence.items()}
    return Decision(
        action=action,
        reason=reason,
        num_pairs=n,
        wins=int((x[:n] > 0).sum()),
        losses=int((x[:n] < 0).sum()),
        test=test,
        **at,
    )


def _in_words(
    verdict: str, stop: int, old: NDArray[np.bool_], new: NDArray[np.bool_], test: PromotionTest
) -> tuple[Action, str]:
    n = len(old)
    if stop <= n and verdict != "void":
        action: Action = "keep" if verdict == "worse" else "promote"
        return action, f"the candidate is {verdict.replace('_', ' ')}"
    if n and not (old | new).any():
        reason = f"nothing succeeded in {n} pairs, which says nothing about either policy"
        return ("void" if stop <= n else "continue"), reason
    reason = f"undecided after {n} pairs"
    if n and old.sum() <= test.margin * n:
        reason += (
            f"; the current policy succeeded in {int(old.sum())}, no more often than the margin "
            f"of {test.margin:g}, beside which 'not worse' says nothing"
        )
    return "continue", reason


def _capital(x: NDArray[np.int8], mean: float) -> NDArray[np.float64]:
    """(n,) capital after each pair of betting that the mean of ``x`` is above ``mean``."""
    growth = 1.0 + _STAKES[:, None] * (x[None, :] - mean) / (1.0 + mean)
    return np.exp(np.cumsum(np.log(growth), axis=1)).mean(axis=0)


def _first(reached: NDArray[np.bool_]) -> int:
    """After how many pairs it is so; one more than there are when it never is."""
    return int(np.argmax(reached)) + 1 if reached.any() else len(reached) + 1
