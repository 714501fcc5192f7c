"""Run the whole chain from the command line: through Prefect, or in this process without it."""

import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import Timeout

from flows.cli.processes import leave_in_time
from flows.cli.progress import Display
from flows.executors import InProcess
from flows.prefect_server.api import check_named
from flows.prefect_server.ports import lock_file
from flows.prefect_server.server import find_server, start_server, use_server
from flows.requests import ResolvedRun, handed_on, resolve
from flows.runs import recorded, write_report
from tasks.engine.observer import OBSERVER
from tasks.settings import Settings
from xsim_core.config import FrozenModel
from xsim_core.device import find_device
from xsim_core.runs import RunRecord, RunRequest, load_record
from xsim_core.stages import get_stage
from xsim_core.storage import ArtifactStore


class Outcome(FrozenModel):
    """What a run ended with."""

    record: RunRecord
    report: Path
    num_reused: int
    elapsed_s: float
    ui_url: str | None = None


def launch(
    request: RunRequest,
    settings: Settings,
    display: Display,
    *,
    use_prefect: bool = True,
    until: str | None = None,
) -> Outcome:
    """Run what is missing, reuse the rest, write the report.

    Args:
        request: what was asked.
        settings: where to work.
        display: hears how it goes.
        use_prefect: whether a Prefect server records and shows the run.
        until: the last stage to carry out; None for all.
    """
    leave_in_time()
    store = settings.open_store()
    asked = resolve(request)
    while True:
        resolved = asked.settled(store)
        with alone(settings.home / "locks" / f"{resolved.name}.lock", display.note):
            # Another request may have taken the name while this one waited for it.
            if asked.settled(store).name == resolved.name:
                if resolved.name != asked.name:
                    display.note(f"'{asked.name}' is another run: this one is {resolved.name}")
                return _launch(
                    resolved, settings, store, display, use_prefect=use_prefect, until=until
                )


@contextmanager
def alone(path: Path, note: Callable[[str], None]) -> Generator[None]:
    """Wait for another process of this machine that does the same, and say so."""
    try:
        lock = lock_file(path, wait=False).acquire()
    except Timeout:
        note(f"another process works on {path.stem}: waiting for it")
        lock = lock_file(path).acquire()
    with lock:
        yield


def _launch(
    resolved: ResolvedRun,
    settings: Settings,
    store: ArtifactStore,
    display: Display,
    *,
    use_prefect: bool,
    until: str | None,
) -> Outcome:
    clock = time.monotonic()
    plan = resolved.plan(store, until=until)
    if plan.missing:
        # A store that cannot take what is made should say so before it is made.
        store.check_create_if_absent()
        _check_device(plan.missing, settings)
    for stage in plan.refs:
        display.waiting(stage)
    if done := [stage for stage in resolved.request.anew if stage not in plan.missing]:
        display.note(_already_anew(done))
    # With nothing to compute, a server is used if it is there but not worth half a minute's start.
    server = find_server(settings.home) if use_prefect else None
    if use_prefect and server is None and plan.missing:
        display.note("starting the Prefect server (first time: up to a minute)")
        server = start_server(settings.home)
    if server is not None:
        check_named(server)
        use_server(settings.home, server)
        display.note(f"Prefect UI: {server.ui_url}")
        record = _through_prefect(resolved, store, display, until)
    else:
        if plan.missing and (vain := _in_vain(settings)):
            display.note(f"without Prefect {', '.join(vain)} change nothing")
        record = _in_process(resolved, settings, store, display, until)
    # What was asked for anew and came out the same to the byte is as it would be again.
    if others := [stage for stage in record.other_code if stage not in record.request.anew]:
        display.note(_by_other_code(others))
    report = write_report(settings, store, record)
    return Outcome(
        record=record,
        report=report,
        num_reused=display.num_reused(record.stages),
        elapsed_s=round(time.monotonic() - clock, 2),
        ui_url=server.ui_url if server else None,
    )


def _check_device(missing: Collection[str], settings: Settings) -> None:
    """Refuse a device that is not here before the first stage, not at the first that is on it."""
    if settings.runtime.device == "cpu":
        return
    if any(get_stage(name).on_device for name in missing if name not in settings.pools):
        find_device(settings.runtime.device)


def _in_vain(settings: Settings) -> list[str]:
    """Variables that were set, and that only runs through Prefect obey."""
    said = {
        "XSIM_STAGE_TIMEOUT_S": settings.stage_timeout_s,
        "XSIM_POOLS": settings.pools,
        "XSIM_RENDER_SHARDS": settings.num_shards > 1,
    }
    return [name for name, value in said.items() if value]


def _through_prefect(
    resolved: ResolvedRun, store: ArtifactStore, display: Display, until: str | None
) -> RunRecord:
    from prefect.exceptions import Pause
    from prefect.flow_engine import run_flow

    from flows.prefect_server.heartbeats import ensure_zombie_automation
    from flows.prefect_server.suspension import deployed_flow_run
    from flows.xsim import xsim

    # A server of somebody else's may refuse automations, and still show the run.
    with suppress(Exception):
        ensure_zombie_automation()
    may_wait = resolved.request.deploy == "robot" and not resolved.request.rollouts
    token = OBSERVER.set(display)
    try:
        with handed_on(resolved):
            parameters: dict[str, Any] = {**resolved.request.parameters(), "until": until}
            flow_run = deployed_flow_run(parameters) if may_wait else None
            if flow_run is None:
                xsim(**parameters)
            else:
                run_flow(xsim, flow_run=flow_run, parameters=parameters)
    except Pause:
        display.note("the flow run is suspended; a worker goes on with it when it is resumed")
    finally:
        OBSERVER.reset(token)
    return load_record(store, resolved.name)


def _in_process(
    resolved: ResolvedRun,
    settings: Settings,
    store: ArtifactStore,
    display: Display,
    until: str | None,
) -> RunRecord:
    resolved = resolved.taken(store)
    with recorded(store, resolved.record()) as recorder:
        execute = InProcess(store, settings.runtime, display, recorder)
        resolved.carry_out(execute, until=until)
    return recorder.record


def _already_anew(stages: list[str]) -> str:
    return (
        f"made anew by this code already: {', '.join(stages)}. Another draw of a stage that has a "
        "seed is another seed (--set STAGE.seed=1)"
    )


def _by_other_code(stages: list[str]) -> str:
    anew = " ".join(f"--anew {stage}" for stage in stages)
    return (
        f"made by other code than this: {', '.join(stages)}; {anew} makes anew by this code, as a "
        "run of its own"
    )
