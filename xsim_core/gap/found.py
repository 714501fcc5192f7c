"""What a ladder's rungs say: success, what each part costs, and how far that can be believed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import GapRung
from xsim_core.config import FrozenModel
from xsim_core.policies.nested import nested_difference, nested_interval
from xsim_core.policies.statistics import wilson_interval
from xsim_core.storage import OpenArtifact

from .ladder import Ladder, Part, Rung

Outcomes = NDArray[np.bool_]
"""(u, t): units that are drawn independently (seeds, or worlds where those are drawn), trials."""


class Change(FrozenModel):
    """Paired outcomes of one rung against another's on the same seeds."""

    difference: float
    """In the share of successes, after minus before."""
    low: float
    high: float
    """95 % interval; worlds are its units where they are drawn, trials otherwise."""
    gained: int
    lost: int


class RungFound(FrozenModel):
    """One rung's success."""

    title: str
    what: str
    """What changed from the rung before, in words."""
    factors: tuple[str, ...]
    successes: int
    trials: int
    low: float
    high: float
    """Wilson's 95 % interval; over drawn worlds ``nested_interval``'s."""
    progress: float
    change: Change | None
    """Against the rung before; None for the first."""


class PartFound(FrozenModel):
    """What success changes by when one part becomes the world's: the mean of both ways."""

    name: str
    what: str
    forwards: float
    backwards: float
    """The same change, measured where the other parts are the other place's."""
    change: Change
    low_of_all: float
    high_of_all: float
    """Interval that holds for all parts at once with 95 % (Bonferroni)."""


class Gap(FrozenModel):
    """A ladder that was gone up and down."""

    said: str
    """What costs most, and what that interval allows to say."""
    policy: str
    num_worlds: int
    """Drawn worlds; 0 for the world to deploy into."""
    seed: int
    """First of the seeds, of which every rung has the same."""
    commits: tuple[str, ...]
    """Of the code that measured the rungs."""
    total: Change
    """The world against simulation."""
    parts: tuple[PartFound, ...]
    forwards: tuple[RungFound, ...]
    backwards: tuple[RungFound, ...]


def found_gap(
    ladder: Ladder, rung_of: Callable[[Rung], OpenArtifact[GapRung]], *, policy: str
) -> Gap:
    """What a ladder says whose rungs are all measured.

    Args:
        ladder: which rungs there are.
        rung_of: the trials of each.
        policy: whose they are, as a person calls it.
    """
    opened = {rung.factors: rung_of(rung) for rung in ladder.rungs()}
    outcomes = {factors: _units(artifact) for factors, artifact in opened.items()}
    up, down = ladder.forwards(), ladder.backwards()
    total = _change(outcomes[up[0].factors], outcomes[up[-1].factors])
    parts = _parts(ladder, outcomes)
    first = next(iter(opened.values()))
    tried = (first.summary.trials, first.summary.num_worlds)
    return Gap(
        said=_sentence(total, parts, outcomes, ladder, tried),
        policy=policy,
        num_worlds=first.summary.num_worlds,
        seed=int(first.manifest.config["seed"]),
        commits=tuple(sorted({_commit(artifact) for artifact in opened.values()})),
        total=total,
        parts=tuple(parts),
        forwards=_way(up, ladder.parts, opened, outcomes),
        backwards=_way(down, ladder.parts, opened, outcomes),
    )


def _commit(rung: OpenArtifact[GapRung]) -> str:
    return str(rung.manifest.provenance.get("commit") or "unknown")[:7]


def _units(rung: OpenArtifact[GapRung]) -> Outcomes:
    success = rung.array("success").astype(bool)
    return success if rung.summary.num_worlds else success.T


def _change(before: Outcomes, after: Outcomes) -> Change:
    low, high = nested_difference(before, after)
    return Change(
        difference=float(after.mean() - before.mean()),
        low=low,
        high=high,
        gained=int((after & ~before).sum()),
        lost=int((before & ~after).sum()),
    )


def _way(
    rungs: Sequence[Rung],
    parts: Sequence[Part],
    opened: dict[Any, OpenArtifact[GapRung]],
    outcomes: dict[Any, Outcomes],
) -> tuple[RungFound, ...]:
    """One way along the ladder."""
    found: list[RungFound] = []
    for k, rung in enumerate(rungs):
        artifact, here = opened[rung.factors], outcomes[rung.factors]
        successes, trials = int(here.sum()), here.size
        is_nested = artifact.summary.num_worlds > 0
        low, high = nested_interval(here) if is_nested else wilson_interval(successes, trials)
        found.append(
            RungFound(
                title=rung.title,
                what=parts[k - 1].what if k else "",
                factors=rung.factors,
                successes=successes,
                trials=trials,
                low=low,
                high=high,
                progress=float(artifact.array("progress").mean()),
                change=_change(outcomes[rungs[k - 1].factors], here) if k else None,
            )
        )
    return tuple(found)


def _both_ways(ladder: Ladder, outcomes: dict[Any, Outcomes], k: int) -> tuple[Outcomes, Outcomes]:
    """Outcomes without and with part ``k`` as in the world, both ways beside each other."""
    up, down = ladder.forwards(), ladder.backwards()
    without = (outcomes[up[k].factors], outcomes[down[k + 1].factors])
    having = (outcomes[up[k + 1].factors], outcomes[down[k].factors])
    return np.concatenate(without, axis=1), np.concatenate(having, axis=1)


def _parts(ladder: Ladder, outcomes: dict[Any, Outcomes]) -> list[PartFound]:
    found: list[PartFound] = []
    count = len(ladder.parts)
    for k, part in enumerate(ladder.parts):
        without, having = _both_ways(ladder, outcomes, k)
        low, high = nested_difference(without, having, confidence=1 - 0.05 / count)
        ways = np.split(having.astype(float) - without, 2, axis=1)
        found.append(
            PartFound(
                name=part.name,
                what=part.what,
                forwards=float(ways[0].mean()),
                backwards=float(ways[1].mean()),
                change=_change(without, having),
                low_of_all=low,
                high_of_all=high,
            )
        )
    return found


def _sentence(
    total: Change,
    parts: Sequence[PartFound],
    outcomes: dict[Any, Outcomes],
    ladder: Ladder,
    tried: tuple[int, int],
) -> str:
    """What costs most and whether that is shown: no more than the intervals allow.

    The costliest of several is found by looking at all of them, so its interval is widened for as
    many, and that against the next for as many pairs.
    """
    trials, worlds = tried
    where = f"{trials} trials in {worlds} drawn worlds" if worlds else f"{trials} trials"
    whole = f"From simulation to {'these worlds' if worlds else 'the world'} success changes by "
    whole += f"{_signed(total.difference, total.low, total.high)} ({where}, 95 % interval)"
    order = sorted(range(len(parts)), key=lambda k: parts[k].change.difference)
    most = parts[order[0]]
    if most.high_of_all >= 0:
        widened = f", widened for the {len(parts)} that were compared," if len(parts) > 1 else ""
        interval = f"[{most.low_of_all:+.2f}, {most.high_of_all:+.2f}]"
        return (
            f"{whole}; no part is shown to cost success: the lowest, {most.name}, changes it by "
            f"{most.change.difference:+.2f} and its interval{widened} holds 0, {interval}."
        )
    change = _signed(most.change.difference, most.low_of_all, most.high_of_all)
    costs = f"{most.name} costs most, {change}"
    if len(parts) == 1:
        return f"{whole}; {costs}, and is all that differs."
    costs += f" widened for the {len(parts)} that were compared, so it does cost success"
    runner = parts[order[1]]
    is_shown = _is_less(ladder, outcomes, order[0], order[1])
    than = f"that it costs more than {runner.name}, the next ({runner.change.difference:+.2f}),"
    return f"{whole}; {costs}, and {than} is {'shown' if is_shown else 'not shown'}."


def _is_less(ladder: Ladder, outcomes: dict[Any, Outcomes], k: int, other: int) -> bool:
    """Whether part ``k`` is shown to change success by less than another, among all pairs."""
    without, having = _both_ways(ladder, outcomes, k)
    without_other, having_other = _both_ways(ladder, outcomes, other)
    before = np.concatenate([without, having_other], axis=1)
    after = np.concatenate([having, without_other], axis=1)
    pairs = len(ladder.parts) * (len(ladder.parts) - 1) // 2
    return nested_difference(before, after, confidence=1 - 0.05 / pairs)[1] < 0


def _signed(value: float, low: float, high: float) -> str:
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
