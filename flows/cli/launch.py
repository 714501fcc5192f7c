"""Run the whole chain from the command line: through Prefect, or in this process without it."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field

from flows.executors import InProcess, Plan
from flows.pipeline import whole_chain
from flows.prefect_server.server import find_server, start_server, use_server
from flows.runs import recorded, run_name, write_report
from flows.sources import Sources, find_sources
from tasks.engine.observer import OBSERVER
from tasks.settings import Settings
from xsim_core.config import FrozenModel
from xsim_core.presets import PipelineConfig, pipeline_config
from xsim_core.runs import RunRecord, load_record
from xsim_core.storage import ArtifactStore

from .progress import Display


class Request(FrozenModel):
    """What a person asked for."""

    capture: Path
    preset: str = "demo"
    task: str | None = None
    name: str | None = None
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
    use_prefect: bool = True

    @property
    def run_name(self) -> str:
        """The run's name."""
        return self.name or run_name(str(self.capture), self.preset)


class Outcome(FrozenModel):
    """What a run ended with."""

    record: RunRecord
    report: Path
    num_reused: int
    elapsed_s: float
    ui_url: str | None = None


def launch(request: Request, settings: Settings, display: Display) -> Outcome:
    """Run what is missing, reuse the rest, write the report."""
    clock = time.monotonic()
    config = pipeline_config(request.preset, task=request.task, overrides=request.overrides)
    sources = find_sources(request.capture)
    store = settings.open_store()
    plan = Plan(store)
    whole_chain(plan, config, sources)
    for stage in plan.refs:
        display.waiting(stage)
    num_reused = len(plan.refs) - len(plan.missing)
    # With nothing to compute, a server is used if it is there but not worth half a minute's start.
    server = find_server(settings.home) if request.use_prefect else None
    if request.use_prefect and server is None and plan.missing:
        display.note("starting the Prefect server (first time: up to a minute)")
        server = start_server(settings.home)
    if server is not None:
        use_server(settings.home, server)
        display.note(f"Prefect UI: {server.ui_url}")
        record = _through_prefect(request, store, display)
    else:
        record = _in_process(request, settings, store, config, sources, display)
    report = write_report(settings, store, record)
    return Outcome(
        record=record, report=report, num_reused=num_reused,
        elapsed_s=round(time.monotonic() - clock, 2), ui_url=server.ui_url if server else None,
    )  # fmt: skip


def _through_prefect(request: Request, store: ArtifactStore, display: Display) -> RunRecord:
    from flows.prefect_server.heartbeats import mark_the_silent
    from flows.xsim import xsim

    # A server of somebody else's may refuse automations, and still show the run.
    with suppress(Exception):
        mark_the_silent()
    token = OBSERVER.set(display)
    try:
        xsim(
            capture=str(request.capture), preset=request.preset, task=request.task,
            name=request.run_name, overrides=request.overrides,
        )  # fmt: skip
    finally:
        OBSERVER.reset(token)
    return load_record(store, request.run_name)


def _in_process(
    request: Request, settings: Settings, store: ArtifactStore, config: PipelineConfig,
    sources: Sources, display: Display,
) -> RunRecord:  # fmt: skip
    record = RunRecord(
        name=request.run_name, capture=str(request.capture), preset=request.preset,
        task=request.task or "",
    )  # fmt: skip
    with recorded(store, record) as recorder:
        whole_chain(InProcess(store, settings.runtime, display, recorder), config, sources)
    return recorder.record
