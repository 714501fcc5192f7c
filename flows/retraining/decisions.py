"""What a night decided about a capture: its record, and its line in the night's."""

import json
from itertools import count
from typing import Any, cast

from xsim_core.config import FrozenModel
from xsim_core.storage import ArtifactStore

from .candidate import RetrainingResult


def keep_decision(store: ArtifactStore, pointer: str, night: int, row: dict[str, Any]) -> None:
    """Keep what a night came to; a night that is run again adds to what it said before.

    As ``decisions/<pointer>/<night>.json``, then ``<night>-2.json``, … Nothing is replaced: the
    second time the candidate is no new one, and its trials are told by the first record alone.
    """
    data = json.dumps(row, indent=1).encode()
    folder = f"decisions/{pointer}"
    for time_of_night in count(1):
        name = f"{night}" if time_of_night == 1 else f"{night}-{time_of_night}"
        if store.create_object(f"{folder}/{name}.json", data):
            return


def decision_row(result: RetrainingResult) -> dict[str, Any]:
    """Everything about it, as plain values."""
    fields = result._asdict()
    return {
        k: v.model_dump(mode="json")
        if isinstance(v, FrozenModel)
        else [str(e) for e in cast("tuple[Any, ...]", v)]
        if isinstance(v, tuple)
        else v
        if v is None
        else str(v)
        for k, v in fields.items()
    }


def outcome_of(result: RetrainingResult) -> dict[str, Any]:
    """Fields of the capture's ``Turn``."""
    decision, now = result.decision, result.now
    if decision is None:
        outcome, why = "first policy", now.reason
    else:
        outcome, why = "promoted" if decision.action == "promote" else "kept", decision.reason
    return {
        "outcome": outcome, "why": why, "decision": decision, "number": now.number,
        "current": now.ref,
    }  # fmt: skip
