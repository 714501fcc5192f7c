"""The whole chain in one flow run, one task a stage.

Stages are tasks of one flow, not subflows: every flow run pays a second for its heartbeat thread.
"""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_link_artifact
from prefect.runtime import flow_run

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.runs import RunRecord

from .executors import AsTasks
from .pipeline import whole_chain
from .runs import recorded, run_name, write_report
from .sources import find_sources


def _flow_run_name() -> str:
    given = flow_run.parameters
    return given.get("name") or run_name(given["capture"], given.get("preset", "demo"))


@flow(name="xsim", flow_run_name=_flow_run_name, persist_result=False, log_prints=False)
def xsim(
    capture: str,
    preset: str = "demo",
    task: str | None = None,
    name: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> ArtifactRef[Any]:
    """A human video in, an evaluated and calibrated image policy out.

    Args:
        capture: the capture's folder on the machine that runs the flow.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        name: the run's name; the capture's and the preset's when empty.
        overrides: stage → field → value, over the preset.
    """
    settings = load_settings()
    store = settings.open_store()
    config = pipeline_config(preset, task=task, overrides=overrides)
    record = RunRecord(
        name=name or run_name(capture, preset), capture=capture, preset=preset, task=task or "",
        flow_run_url=flow_run.ui_url,
    )  # fmt: skip
    with recorded(store, record) as recorder:
        done = whole_chain(AsTasks(recorder), config, find_sources(Path(capture)))
    page = write_report(settings, store, recorder.record)
    create_link_artifact(page.as_uri(), "report", "report", f"{record.name}: {page}")
    return done.evaluation
