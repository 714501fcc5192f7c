"""What a night looked at and what came of each capture: ``nights/<task>/<number>.json``.

Written when the night begins and after every step, so that one that is killed has said how far it
came. Nothing that a run needs hangs on it: pointers and decisions have records of their own.
"""

import time
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Literal, Self

from pydantic import Field, field_validator

from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import CorruptArtifactError, StoreFullError
from xsim_core.process import fate_of, this_process
from xsim_core.promotion import Decision
from xsim_core.runs import ending_of
from xsim_core.storage import ArtifactStore, read_record

FOLDER = "nights"

Outcome = Literal[
    "waiting", "at work", "first policy", "promoted", "kept", "failed", "cut short", "left out"
]
"""``cut short``: begun, and goes on in a later night with the same seeds, whose work is in the
store. ``left out``: not begun."""


class Turn(FrozenModel):
    """What became of one capture in a night."""

    outcome: Outcome = "waiting"
    why: str = ""
    seeds_of: int | None = None
    """The night whose seeds train the candidate: an earlier one's when that was cut short."""
    decision: Decision | None = None
    number: int | None = None
    """Of the pointer's entry that is current afterwards."""
    current: ArtifactRef | None = None
    """The policy that is current afterwards."""
    elapsed_s: float | None = None


class NightRecord(FrozenModel):
    """One night of one task."""

    task: str
    """Its key, however the night was given it."""
    number: int
    """Grows from night to night, whatever the clock does; the seeds come of it."""
    time_of_night: int = 1
    """2, 3, … when the night was run again."""
    day: str
    """The day for which it was scheduled."""
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    state: Literal["running", "completed", "failed", "interrupted"] = "running"
    process: str = Field(default_factory=this_process)
    flow_run: str | None = None
    max_hours: float | None = None
    elapsed_s: float | None = None
    num_runs: int = 0
    """Run records that were looked at."""
    turns: dict[str, Turn] = Field(default_factory=dict)
    """Pointer → what became of its capture, in the order in which they are begun."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Run record → why nothing could be made of it."""
    error: str | None = None

    @field_validator("day")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        date.fromisoformat(value)
        return value

    @property
    def name(self) -> str:
        """Of its file; a night that is run again stands beside its first time."""
        return str(self.number) + (f"-{self.time_of_night}" if self.time_of_night > 1 else "")

    @property
    def num_other(self) -> int:
        """Records of other tasks, and older ones of the same captures."""
        return max(0, self.num_runs - len(self.turns) - len(self.skipped))

    def counts(self) -> dict[str, int]:
        """Captures by what became of them; those of which none did are left out."""
        found = [turn.outcome for turn in self.turns.values()]
        return {outcome: found.count(outcome) for outcome in dict.fromkeys(sorted(found))}


class NightLog:
    """Keeps the record of the night that runs now."""

    def __init__(self, store: ArtifactStore, record: NightRecord) -> None:
        """Enter the night under the first free name of its number."""
        self._store, self._clock = store, time.monotonic()
        for time_of_night in count(1):
            self.record = record.model_copy(update={"time_of_night": time_of_night})
            if store.create_object(_path(self.record), self.record.model_dump_json().encode()):
                break

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        del kind, trace
        if error is None:
            bad = [t for t in self.record.turns.values() if t.outcome == "failed"]
            self.update(state="failed" if bad or self.record.error else "completed")
            return
        with suppress(Exception):  # It must not hide why the night stopped.
            self.update(state=ending_of(error), error=f"{type(error).__name__}: {error}")

    def update(self, **fields: Any) -> None:
        """Change fields of the record and write it."""
        elapsed_s = round(time.monotonic() - self._clock, 2)
        self.record = self.record.model_copy(update={**fields, "elapsed_s": elapsed_s})
        # A full disk takes no note; the next one says what this one would have said.
        with suppress(StoreFullError):
            self._store.put_record(_path(self.record), self.record.model_dump(mode="json"))

    def turn(self, pointer: str, **fields: Any) -> None:
        """Change fields of a capture's turn and write the record."""
        turn = self.record.turns.get(pointer, Turn()).model_copy(update=fields)
        self.update(turns={**self.record.turns, pointer: turn})


def nights_of(
    store: ArtifactStore, task: str | None = None
) -> tuple[list[NightRecord], dict[str, str]]:
    """The nights in the order of their numbers, as they are now; and what is wrong with odd ones.

    Args:
        store: where they lie.
        task: a task's key; None for all tasks.

    Returns:
        The nights, and path → what is wrong with its record.
    """
    found: list[NightRecord] = []
    odd: dict[str, str] = {}
    for path in store.list_records(FOLDER if task is None else f"{FOLDER}/{task}"):
        if not path.endswith(".json"):
            continue  # Somebody else's file.
        try:
            record = read_record(store, path, NightRecord)
        except CorruptArtifactError as error:
            odd[path] = str(error)
            continue
        if record is not None:
            found.append(_as_it_is(record))
    return sorted(found, key=lambda n: (n.number, n.time_of_night, n.task)), odd


def new_night(
    store: ArtifactStore,
    task: str,
    scheduled: datetime,
    *,
    flow_run: str | None = None,
    number: int | None = None,
    max_hours: float | None = None,
) -> NightRecord:
    """The record of a night that is to begin.

    Args:
        store: where the earlier nights lie.
        task: its key.
        scheduled: when the night was to begin.
        flow_run: of Prefect; one that is tried again goes on with its own number.
        number: of the night. When empty no other night's, and higher than all before: its day's, or
            one more than the last night's where a clock was set back or two nights are of one day.
        max_hours: the night's limit.
    """
    if number is None:
        nights, _ = nights_of(store, task)
        own = [n.number for n in nights if flow_run is not None and n.flow_run == flow_run]
        last = max((n.number for n in nights), default=0)
        number = own[-1] if own else max(scheduled.toordinal(), last + 1)
    day = scheduled.date().isoformat()
    return NightRecord(task=task, number=number, day=day, flow_run=flow_run, max_hours=max_hours)


def seeds_to_go_on_with(nights: list[NightRecord], pointer: str) -> int | None:
    """The night whose seeds a capture goes on with; None when its last turn was no torn one."""
    turns = [turn for n in nights if (turn := n.turns.get(pointer)) and turn.seeds_of is not None]
    return turns[-1].seeds_of if turns and turns[-1].outcome == "cut short" else None


def longest_waiting_first(nights: list[NightRecord], pointers: list[str]) -> list[str]:
    """By the last night that began with them, so that none of them starves another."""
    last = {p: n.number for n in nights for p, turn in n.turns.items() if turn.seeds_of is not None}
    return sorted(pointers, key=lambda p: (last.get(p, -1), p))


def _as_it_is(record: NightRecord) -> NightRecord:
    if record.state != "running" or fate_of(record.process) != "gone":
        return record
    ends: dict[str, tuple[Outcome, str]] = {
        "at work": ("cut short", "the night's process is gone"),
        "waiting": ("left out", "the night's process was gone before its turn"),
    }
    turns = dict(record.turns)
    for pointer, turn in record.turns.items():
        if turn.outcome in ends:
            outcome, why = ends[turn.outcome]
            turns[pointer] = turn.model_copy(update={"outcome": outcome, "why": why})
    return record.model_copy(
        update={"state": "interrupted", "error": "its process is gone", "turns": turns}
    )


def _path(record: NightRecord) -> str:
    return f"{FOLDER}/{record.task}/{record.name}.json"
