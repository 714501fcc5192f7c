"""Retrain every night over all captures of a task, and promote what the test lets through."""

import json
import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from flows.executors import AsTasks
from flows.requests import configuration
from flows.runs import recorded
from tasks.settings import load_settings
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.promotion import PromotionTest
from xsim_core.runs import RunRecord, RunRequest
from xsim_core.storage import ArtifactStore

from .candidate import (
    RetrainingJob,
    RetrainingResult,
    decision_page,
    night_overrides,
    retrain_and_promote,
)
from .reconstructions import finished_captures, reconstruction_of


class NightFailedError(RuntimeError):
    """Some captures could not be retrained; the others were."""


def tonight() -> int:
    """The day for which the run was scheduled: a run that is retried later resumes its own."""
    scheduled: datetime | None = flow_run.scheduled_start_time
    return (scheduled or datetime.now(UTC)).toordinal()


@flow(name="nightly", flow_run_name="nightly-{task}", persist_result=False)
def nightly(
    task: str = "push_block",
    preset: str = "demo",
    overrides: dict[str, dict[str, Any]] | None = None,
    night: int | None = None,
    margin: float = 0.1,
    alpha: float = 0.05,
    max_pairs: int = 150,
    max_hours: float | None = None,
) -> list[dict[str, Any]]:
    """Train a candidate for each finished capture and compare it with the current policy.

    Args:
        task: a task's name or YAML file, as the runs were given it.
        preset: demo, debug or full.
        overrides: stage → field → value, over the preset.
        night: whose seeds are used; the day of the schedule when empty.
        margin: a candidate that succeeds this much less often is worse.
        alpha: how often one that is worse may be let in.
        max_pairs: trials of each policy after which the current one is kept undecided.
        max_hours: no capture is begun after so many hours; those left out come first next time.
    """
    store = load_settings().open_store()
    night = tonight() if night is None else night
    merged = {s: dict(f) for s, f in night_overrides(night).items()}
    for stage, fields in (overrides or {}).items():
        merged[stage] = {**merged.get(stage, {}), **fields}
    # No capture's folder is read, and a backfill must not take the night's settings for the
    # capture's own: the request names none.
    request = RunRequest(preset=preset, task=task, overrides=merged)
    config = configuration(request)
    captures, skipped = finished_captures(store, task)
    if not captures:
        odd = "".join(f" Left out: {name} ({why})." for name, why in skipped.items())
        raise BadInputError(
            f"no run of task '{task}' has reconstructed a capture yet: xsim run.{odd}"
        )
    test = PromotionTest(margin=margin, alpha=alpha)
    outcomes: list[RetrainingResult] = []
    failures: dict[str, str] = {}
    end_s = time.monotonic() + (math.inf if max_hours is None else max_hours) * 3600
    for pointer in _longest_waiting_first(store, captures):
        if time.monotonic() > end_s:
            skipped[pointer] = f"the night's {max_hours:g} h were over; it comes first next time"
            continue
        source = captures[pointer]
        made = reconstruction_of(source)
        record = RunRecord(
            name=f"nightly-{pointer}", request=request, stages=made, flow_run_url=flow_run.ui_url
        )
        job = RetrainingJob(pointer, config, made)
        try:
            with recorded(store, record) as recorder:
                outcome = retrain_and_promote(
                    AsTasks(recorder), store, job, night=night, test=test, max_pairs=max_pairs
                )
            outcomes.append(outcome)
            # At once: a night that dies later has decided this one all the same.
            keep_decision(store, pointer, night, _row(outcome))
        except Exception as error:  # noqa: BLE001 one broken capture must not cost the others
            failures[pointer] = f"{type(error).__name__}: {error}"
    create_markdown_artifact(
        decision_page(outcomes, failures, skipped), "promotion", f"night {night}"
    )
    if failures:
        raise NightFailedError("; ".join(f"{name}: {why}" for name, why in failures.items()))
    return [_row(o) for o in outcomes]


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


def _longest_waiting_first(store: ArtifactStore, pointers: Iterable[str]) -> list[str]:
    """By the last night that came to a decision about them; those that never had one first."""
    last: dict[str, int] = {}
    for path in store.list_records("decisions"):
        match path.removesuffix(".json").split("/"):
            case ["decisions", pointer, name] if (night := name.partition("-")[0]).isdecimal():
                last[pointer] = max(int(night), last.get(pointer, 0))
            case _:  # Somebody else's file.
                continue
    return sorted(pointers, key=lambda p: (last.get(p, -1), p))


def _row(outcome: RetrainingResult) -> dict[str, Any]:
    fields = outcome._asdict()
    return {
        k: v.model_dump(mode="json") if isinstance(v, FrozenModel)
        else [str(e) for e in v] if isinstance(v, tuple) else v if v is None else str(v)
        for k, v in fields.items()
    }  # fmt: skip
