"""What differs between two runs: configurations, figures, and success rates with intervals."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from xsim_core.artifacts import ArtifactRef, Manifest
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord
from xsim_core.storage import ArtifactStore

Value = str | int | float | bool | None


class Difference(FrozenModel):
    """One field or figure that is not the same; None where a run does not have it."""

    stage: str
    name: str
    """With dots where it lies inside another."""
    left: Value
    right: Value


class RateChange(FrozenModel):
    """A success rate in both runs: k of n trials, with Wilson's 95 % interval."""

    policy: str
    domain: str
    left: str
    right: str
    difference: float
    """Right minus left, in [-1, 1]."""
    low: float
    high: float
    """Newcombe's 95 % interval of the difference, from both Wilson intervals (Statist. Med. 17,
    1998, method 10). It takes the trials as unpaired, which is the careful side."""

    @property
    def is_clear(self) -> bool:
        """Whether chance alone hardly explains it: the interval leaves zero out."""
        return self.low > 0 or self.high < 0


class Comparison(FrozenModel):
    """Two runs; what is equal in both is left out."""

    left: str
    right: str
    same: tuple[str, ...]
    """Stages whose very artifact both runs share."""
    only_left: tuple[str, ...]
    only_right: tuple[str, ...]
    config: tuple[Difference, ...]
    figures: tuple[Difference, ...]
    rates: tuple[RateChange, ...]


def compare_runs(store: ArtifactStore, left: RunRecord, right: RunRecord) -> Comparison:
    """Compare stage by stage what both runs made.

    Args:
        store: where both lie.
        left: the run to compare with.
        right: the run that is compared.

    Raises:
        BadInputError: when the two have no stage in common.
        MissingArtifactError: when an artifact of theirs is not in the store any more.
    """
    common = [stage for stage in left.stages if stage in right.stages]
    if not common:
        raise BadInputError(
            f"'{left.name}' ({', '.join(left.stages) or 'no stages'}) and '{right.name}' "
            f"({', '.join(right.stages) or 'no stages'}) have no stage in common."
        )
    config: list[Difference] = []
    figures: list[Difference] = []
    rates: list[RateChange] = []
    for stage in common:
        pair = (left.stages[stage], right.stages[stage])
        if pair[0] == pair[1]:
            continue
        before, after = (_manifest(store, ref) for ref in pair)
        config += _differences(stage, before.config, after.config)
        figures += _differences(stage, before.summary, after.summary)
        rates += _rates(before.summary, after.summary)
    return Comparison(
        left=left.name,
        right=right.name,
        same=tuple(s for s in common if left.stages[s] == right.stages[s]),
        only_left=tuple(s for s in left.stages if s not in right.stages),
        only_right=tuple(s for s in right.stages if s not in left.stages),
        config=tuple(config),
        figures=tuple(figures),
        rates=tuple(rates),
    )


def _manifest(store: ArtifactStore, ref: ArtifactRef) -> Manifest:
    return store.open(ref).manifest


def _differences(
    stage: str, left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[Difference]:
    before, after = dict(_leaves(left)), dict(_leaves(right))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference(stage=stage, name=name, left=before.get(name), right=after.get(name))


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Value]]:
    """Plain values by their dotted names; short lists as text. Rates are told apart from these."""
    for name, inner in value.items():
        path = f"{above}{name}"
        if isinstance(inner, Mapping):
            yield from _leaves(cast("Mapping[str, Any]", inner), f"{path}.")
        elif isinstance(inner, list | tuple):
            if path != "rates":
                yield path, str(cast("Sequence[Any]", inner))
        elif inner is None or isinstance(inner, str | int | float | bool):
            yield path, inner


def _rates(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[RateChange]:
    before, after = (
        {(r["policy"], r["domain"]): r for r in summary.get("rates", ())}
        for summary in (left, right)
    )
    for policy, domain in (key for key in before if key in after):
        old, new = before[policy, domain], after[policy, domain]
        p, q = (r["successes"] / max(1, r["trials"]) for r in (old, new))
        yield RateChange(
            policy=policy,
            domain=domain,
            left=_rate(old),
            right=_rate(new),
            difference=q - p,
            low=q - p - math.hypot(q - new["low"], old["high"] - p),
            high=q - p + math.hypot(new["high"] - q, p - old["low"]),
        )


def _rate(rate: Mapping[str, Any]) -> str:
    return f"{rate['successes']}/{rate['trials']} [{rate['low']:.2f}, {rate['high']:.2f}]"
