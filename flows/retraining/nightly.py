"""Retrain every night over all captures of a task, and promote what the test lets through."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from flows.executors import AsTasks
from tasks.settings import load_settings
from xsim_core.promotion import PromotionTest

from .decisions import decision_row
from .night import Night, NightOrder
from .page import night_page, terminal_lines
from .reconstructions import task_key
from .records import new_night


class NightFailedError(RuntimeError):
    """Some captures could not be retrained; the others were."""


def tonight() -> datetime:
    """When the run was to begin; a number of that day is the night's, if no night has it."""
    scheduled: datetime | None = flow_run.scheduled_start_time
    return scheduled or datetime.now(UTC)


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
        night: whose seeds are used; when empty a number that no night had, and what an earlier
            night had to cut short goes on with that one's.
        margin: a candidate that succeeds this much less often is worse.
        alpha: how often one that is worse may be let in.
        max_pairs: trials of each policy after which the current one is kept undecided.
        max_hours: after so many hours no stage is begun, and one that is at work is ended; what
            was cut short goes on in a later night, captures that were left out come first.
    """
    store = load_settings().open_store()
    test = PromotionTest(margin=margin, alpha=alpha)
    order = NightOrder(task, preset, overrides or {}, test, max_pairs, max_hours, night)
    run_id = flow_run.id and str(flow_run.id)
    first = new_night(
        store, task_key(task), tonight(), flow_run=run_id, number=night, max_hours=max_hours
    )
    record, outcomes = Night(store, order, AsTasks, flow_run.ui_url).carry_out(first)
    create_markdown_artifact(night_page(record), "promotion", f"night {record.name}")
    get_run_logger().info("\n".join(terminal_lines(record)))
    if record.state == "failed":
        bad = {p: t.why for p, t in record.turns.items() if t.outcome in ("failed", "cut short")}
        raise NightFailedError("; ".join(f"{name}: {why}" for name, why in bad.items()))
    return [decision_row(o) for o in outcomes]
