"""A night, whoever carries its stages out: each capture has its turn, within the time there is."""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from flows.executors import Executor
from flows.records.recorder import Recorder
from flows.requests import configuration
from flows.runs import recorded
from tasks.engine.limits import END_S
from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import (
    BadInputError,
    StageTimeoutError,
    StoreFullError,
    StoreUnreachableError,
)
from xsim_core.promotion import PromotionTest
from xsim_core.runs import RunRecord, RunRequest, list_runs
from xsim_core.stage import Stage
from xsim_core.storage import ArtifactStore

from .candidate import RetrainingJob, RetrainingResult, night_overrides, retrain_and_promote
from .decisions import decision_row, keep_decision, outcome_of
from .reconstructions import Found, finished_captures, reconstruction_of
from .records import (
    NightLog,
    NightRecord,
    longest_waiting_first,
    nights_of,
    seeds_to_go_on_with,
)

Ref = ArtifactRef


class NightOver(BaseException):
    """The time is up: an end like Ctrl-C, and no error. What is begun goes on in a later night."""


@dataclass
class NightOrder:
    """What somebody wants of a night."""

    task: str
    preset: str = "demo"
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    test: PromotionTest = field(default_factory=PromotionTest)
    max_pairs: int = 150
    max_hours: float | None = None
    number: int | None = None
    """Whose seeds every candidate gets; None: the night's own, or those of a turn cut short."""

    def request(self, seeds_of: int) -> RunRequest:
        """The request of a candidate's training.

        No capture's folder is read, and a backfill must not take the night's settings for the
        capture's own: the request names none.
        """
        merged = {s: dict(f) for s, f in night_overrides(seeds_of).items()}
        for stage, fields in self.overrides.items():
            merged[stage] = {**merged.get(stage, {}), **fields}
        return RunRequest(preset=self.preset, task=self.task, overrides=merged)


@dataclass
class Night:
    """A night that runs now."""

    store: ArtifactStore
    order: NightOrder
    execute_for: Callable[[Recorder], Executor]
    """How the stages of a run are carried out."""
    run_url: str | None = None

    def carry_out(self, first: NightRecord) -> tuple[NightRecord, list[RetrainingResult]]:
        """Give every capture its turn; answers the night's record and the decisions.

        Args:
            first: the record as it is when the night begins.

        Raises:
            BadInputError: when there is nothing to retrain on.
        """
        order, outcomes = self.order, list[RetrainingResult]()
        configuration(order.request(first.number))  # Refused before anything is begun.
        hours = math.inf if order.max_hours is None else order.max_hours
        end_s = monotonic() + hours * 3600
        earlier, odd = nights_of(self.store, first.task)
        with NightLog(self.store, first) as log:
            found = finished_captures(self.store, order.task)
            log.update(
                num_runs=len(list_runs(self.store)),
                skipped=found.skipped | odd,
            )
            if not found.captures:
                raise BadInputError(_nothing(order.task, found))
            pointers = longest_waiting_first(earlier, list(found.captures))
            for pointer in pointers:
                log.turn(pointer)
            for pointer in pointers:
                if monotonic() > end_s:
                    over = f"the night's {hours:g} h were over; it comes first next time"
                    log.turn(pointer, outcome="left out", why=over)
                    continue
                cut = seeds_to_go_on_with(earlier, pointer) if order.number is None else None
                seeds_of = first.number if cut is None else cut
                with _turn(log, pointer, seeds_of):
                    outcome = self._retrain(pointer, found.captures[pointer], seeds_of, end_s)
                    outcomes.append(outcome)
                    # At once: a night that dies later has decided this one all the same.
                    keep_decision(self.store, pointer, log.record.number, decision_row(outcome))
                    log.turn(pointer, **outcome_of(outcome))
        return log.record, outcomes

    def _retrain(
        self, pointer: str, source: RunRecord, seeds_of: int, end_s: float
    ) -> RetrainingResult:
        request, made = self.order.request(seeds_of), reconstruction_of(source)
        record = RunRecord(
            name=f"nightly-{pointer}", request=request, stages=made, flow_run_url=self.run_url
        )
        job = RetrainingJob(pointer, configuration(request), made)
        with recorded(self.store, record) as recorder:
            return retrain_and_promote(
                _Until(self.execute_for(recorder), end_s),
                self.store,
                job,
                night=seeds_of,
                test=self.order.test,
                max_pairs=self.order.max_pairs,
            )


@contextmanager
def _turn(log: NightLog, pointer: str, seeds_of: int) -> Generator[None]:
    """A capture's turn: whatever ends it early is noted, and the next one has its own."""
    began_s = monotonic()
    log.turn(pointer, outcome="at work", seeds_of=seeds_of)
    end: dict[str, Any] = {}
    try:
        yield
    except NightOver as over:
        end = {"outcome": "cut short", "why": str(over)}
    except (StoreFullError, StoreUnreachableError) as error:
        # No fault of the candidate: what it made so far is worth going on with.
        end = {"outcome": "cut short", "why": _in_words(error)}
        log.update(error=_in_words(error))
    except Exception as error:  # noqa: BLE001 one broken capture must not cost the others
        end = {"outcome": "failed", "why": _in_words(error)}
    except BaseException as error:
        log.turn(pointer, outcome="cut short", why=_in_words(error))
        _leave_out_the_rest(log)
        raise
    log.turn(pointer, **end, elapsed_s=round(monotonic() - began_s, 2))


def _leave_out_the_rest(log: NightLog) -> None:
    for pointer, turn in log.record.turns.items():
        if turn.outcome == "waiting":
            log.turn(pointer, outcome="left out", why="the night was ended before its turn")


@dataclass
class _Until:
    """Begins no stage after the end of the night, and ends one that is still at work then."""

    execute: Executor
    end_s: float

    def __call__(self, stage: Stage, config: FrozenModel, **inputs: Ref | None) -> Any:
        over = NightOver(f"the night was over before the end of {stage.name}; it goes on next time")
        if monotonic() > self.end_s:
            raise over
        token = END_S.set(self.end_s)
        try:
            return self.execute(stage, config, **inputs)
        except StageTimeoutError as error:
            if monotonic() < self.end_s:
                raise
            raise over from error
        finally:
            END_S.reset(token)


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _nothing(task: str, found: Found) -> str:
    odd = "".join(f" Left out: {name} ({why})." for name, why in found.skipped.items())
    return f"no run of task '{task}' has reconstructed a capture yet: xsim run.{odd}"
