"""Which policy is current, and when a newer one replaces it.

The test is a bet (Waudby-Smith & Ramdas, "Estimating means of bounded random variables by
betting", JRSS-B 2024, arXiv 2010.09686). On a pair of trials with the same seed, ``x``, candidate
minus current, is -1, 0 or 1. Against the claim "the mean of x is at most m", a gambler who stakes
the share ``s`` has the capital ``prod(1 + s (x - m) / (1 + m))``, which cannot grow on average
while the claim is true; by Ville's inequality (1939) it ever reaches ``1 / alpha`` with probability
at most ``alpha``. So one may look after every pair, and add trials until something is decided.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from .artifacts import ArtifactRef
from .config import FrozenModel
from .errors import BadInputError, MissingArtifactError
from .storage import ArtifactStore

_STAKES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
"""Shares of the capital; the mean over gamblers is a bet as well, and needs no tuning."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")

Action = Literal["promote", "keep", "continue"]


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


class Pointer(FrozenModel):
    """One numbered, immutable entry: which policy became current, and why."""

    name: str
    number: int
    ref: ArtifactRef[Any]
    reason: str
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    decision: Decision | None = None
    evaluations: tuple[ArtifactRef[Any], ...] = ()
    """The trials behind the decision."""
    back_to: int | None = None
    """For a roll-back, the number it goes back to."""


def decide(
    current: Sequence[bool] | NDArray[Any],
    candidate: Sequence[bool] | NDArray[Any],
    test: PromotionTest | None = None,
) -> Decision:
    """Compare two policies on paired seeds, stopping at the first pair that decides.

    Args:
        current: (n,) whether the current policy succeeded on each seed.
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
    x = new.astype(bool).astype(np.int8) - old.astype(bool).astype(np.int8)
    evidence = {
        "better": _capital(x, 0.0),
        "not_worse": _capital(x, -test.margin),
        "worse": _capital(-x, 0.0),
    }
    decided = [(_first(e, 1.0 / test.alpha), name) for name, e in evidence.items()]
    # "worse" goes first at equal times: nothing is promoted in doubt.
    stop, verdict = min(decided, key=lambda d: (d[0], d[1] != "worse"))
    n = min(stop, len(x))
    action: Action = "continue"
    reason = f"undecided after {n} pairs"
    if stop <= len(x):
        action = "keep" if verdict == "worse" else "promote"
        reason = f"the candidate is {verdict.replace('_', ' ')}"
    at = {f"evidence_{k}": round(float(e[n - 1]) if n else 1.0, 4) for k, e in evidence.items()}
    return Decision(
        action=action, reason=reason, num_pairs=n, wins=int((x[:n] > 0).sum()),
        losses=int((x[:n] < 0).sum()), test=test, **at,
    )  # fmt: skip


def _capital(x: NDArray[np.int8], mean: float) -> NDArray[np.float64]:
    """(n,) capital after each pair of betting that the mean of ``x`` is above ``mean``."""
    growth = 1.0 + _STAKES[:, None] * (x[None, :] - mean) / (1.0 + mean)
    return np.exp(np.cumsum(np.log(growth), axis=1)).mean(axis=0)


def _first(evidence: NDArray[np.float64], bar: float) -> int:
    """After how many pairs the bar is reached; one more than there are when it is not."""
    reached = np.flatnonzero(evidence >= bar)
    return int(reached[0]) + 1 if len(reached) else len(evidence) + 1


def history(store: ArtifactStore, name: str) -> list[Pointer]:
    """Every entry of a pointer, oldest first."""
    folder = _folder(name)
    found = [store.read_object(path) for path in store.list_records(folder)]
    entries = [Pointer.model_validate_json(raw) for raw in found if raw is not None]
    return sorted(entries, key=lambda p: p.number)


def pointers(store: ArtifactStore) -> list[str]:
    """Names of all pointers."""
    return sorted({path.split("/")[1] for path in store.list_records("pointers")})


def current(store: ArtifactStore, name: str) -> Pointer | None:
    """The newest entry, or None before the first promotion."""
    entries = history(store, name)
    return entries[-1] if entries else None


def promote(
    store: ArtifactStore,
    name: str,
    ref: ArtifactRef[Any],
    *,
    reason: str,
    expected: int | None = None,
    **evidence: Any,
) -> Pointer:
    """Make ``ref`` current by adding the next number.

    Args:
        store: where pointers lie.
        name: of the pointer; a task, or a task and a capture.
        ref: the policy. It is pinned, so that ``xsim gc`` keeps it and all it was made from.
        reason: for people.
        expected: the number that was current when the decision was taken (0: none); None: any.
        evidence: further fields of ``Pointer``.

    Raises:
        MissingArtifactError: when the policy is not in the store.
        BadInputError: when somebody else promoted since the decision was taken.
    """
    folder = _folder(name)
    while True:
        newest = current(store, name)
        number = newest.number if newest else 0
        if expected is not None and number != expected:
            raise BadInputError(
                f"{name} moved from v{expected:06d} to v{number:06d} meanwhile. Compare with the "
                "policy that is current now."
            )
        entry = Pointer(name=name, number=number + 1, ref=ref, reason=reason, **evidence)
        store.pin(f"{name}-v{entry.number:06d}-{ref.fingerprint}", ref)
        body = entry.model_dump_json(indent=1).encode()
        if store.create_object(f"{folder}/v{entry.number:06d}.json", body):
            return entry


def rollback(store: ArtifactStore, name: str, *, to: int | None = None) -> Pointer:
    """Go back by adding a number that names an earlier policy again.

    Args:
        store: where pointers lie.
        name: of the pointer.
        to: the number to go back to; by default the one whose policy was replaced last.

    Raises:
        MissingArtifactError: when there is no such number.
    """
    entries = history(store, name)
    if to is None and entries:
        # A second roll-back goes further back, not forth again.
        at = entries[-1].back_to or entries[-1].number
        to = max((e.number for e in entries if e.number < at and e.back_to is None), default=None)
    chosen = next((e for e in entries if e.number == to), None)
    if chosen is None:
        known = ", ".join(f"v{e.number:06d}" for e in entries) or "none"
        raise MissingArtifactError(f"{name} has nothing to go back to; its numbers: {known}")
    return promote(
        store, name, chosen.ref, reason=f"rolled back to v{chosen.number:06d}",
        expected=entries[-1].number, back_to=chosen.number,
    )  # fmt: skip


def _folder(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"pointer name '{name}': use letters, digits, dots, dashes, underscores"
        )
    return f"pointers/{name}"
