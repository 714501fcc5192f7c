"""What must be true of a laboratory after its nights, whatever befell them."""

from collections import Counter
from itertools import pairwise
from typing import Any

from flows.retraining.records import NightRecord, nights_of
from tests.nights.lab import skill
from xsim_core.promotion import history, pointers
from xsim_core.storage import ArtifactStore

ENDED = {"first policy", "promoted", "kept", "failed", "cut short", "left out"}


def unaccounted(nights: list[NightRecord], num_captures: int) -> list[str]:
    """Nights that do not say what became of each capture, and why, one sentence each."""
    wrong = []
    for n in nights:
        said = len(n.turns) + len(n.skipped)
        if n.state == "running":
            wrong.append(f"{n.task} {n.name} runs for ever")
        if n.turns and said < num_captures:
            wrong.append(f"{n.task} {n.name} speaks of {said} of {num_captures} captures")
        for pointer, turn in n.turns.items():
            if turn.outcome not in ENDED or not turn.why:
                wrong.append(f"{n.task} {n.name}: {pointer} is '{turn.outcome}' ({turn.why})")
    numbers = Counter((n.task, n.name) for n in nights)
    return wrong + [f"{key} stands for two nights" for key, count in numbers.items() if count > 1]


def lost(store: ArtifactStore) -> list[str]:
    """What a pointer or a decision names and the store has not, or not whole; gaps in numbers."""
    wrong = []
    named = set()
    for name in pointers(store):
        entries = history(store, name)
        if [e.number for e in entries] != list(range(1, len(entries) + 1)):
            wrong.append(f"{name} has the numbers {[e.number for e in entries]}")
        if len({e.ref for e in entries}) < len(entries):
            wrong.append(f"{name} promoted a policy twice")
        named |= {ref for e in entries for ref in (e.ref, *e.evaluations)}
    for ref in named:
        wrong += store.verify(ref)
    return wrong


def torn_apart(nights: list[NightRecord]) -> list[str]:
    """Turns that were cut short, and whose capture's next turn did not go on with their seeds."""
    wrong, cut = [], {}
    for n in nights:
        for pointer, turn in n.turns.items():
            if turn.seeds_of is None:
                continue
            if pointer in cut and turn.seeds_of != cut[pointer]:
                wrong.append(f"{pointer} in {n.name}: seeds of {turn.seeds_of}, not {cut[pointer]}")
            cut.pop(pointer, None)
            if turn.outcome == "cut short":
                cut[pointer] = turn.seeds_of
    return wrong


def account(store: ArtifactStore, num_captures: dict[str, int]) -> dict[str, Any]:
    """All of it, with what was gained; empty lists are what it should be."""
    nights, odd = nights_of(store)
    decided = Counter(
        p for n in nights for p, t in n.turns.items() if t.outcome in ("promoted", "kept")
    )
    changes = [
        skill(after.ref.fingerprint) - skill(before.ref.fingerprint)
        for name in pointers(store)
        for before, after in pairwise(history(store, name))
    ]
    return {
        "nights": len(nights),
        "captures": sum(num_captures.values()),
        "pointers": len(pointers(store)),
        "odd": list(odd.values()),
        "lost": lost(store),
        "torn apart": torn_apart(nights),
        "unaccounted": [
            line
            for task, number in num_captures.items()
            for line in unaccounted([n for n in nights if n.task == task], number)
        ],
        "turns": dict(sum((Counter(n.counts()) for n in nights), Counter())),
        "decisions for a capture": [min(decided.values()), max(decided.values())],
        "promotions": len(changes),
        "promotions of a policy 0.10 worse or more": sum(c <= -0.1 for c in changes),
        "seeds of two nights": _shared_seeds(nights),
    }


def _shared_seeds(nights: list[NightRecord]) -> list[str]:
    """Captures that got the same seeds again after a decision."""
    seen: Counter[tuple[str, int | None]] = Counter()
    for n in nights:
        for pointer, turn in n.turns.items():
            if turn.outcome in ("first policy", "promoted", "kept"):
                seen[pointer, turn.seeds_of] += 1
    return [f"{pointer} {seeds}" for (pointer, seeds), count in seen.items() if count > 1]
