"""The whole chain in one flow run, one task a stage.

Stages are tasks of one flow, not subflows: every flow run pays a second for its heartbeat thread.
"""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import State

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import RunRecord, RunRequest
from xsim_core.stages import EVALUATE

from .executors import AsTasks
from .prefect_server.server import reports_url
from .prefect_server.suspension import let_go, suspending, waiting_state
from .requests import ResolvedRun, resolve
from .run_page import publish_run_page, show_name
from .runs import recorded, write_report


def _flow_run_name() -> str:
    given = flow_run.parameters
    return RunRequest(**{k: v for k, v in given.items() if k in RunRequest.model_fields}).run_name


@flow(name="xsim", flow_run_name=_flow_run_name, persist_result=False, log_prints=False)
def xsim(
    capture: str,
    preset: str = "demo",
    task: str | None = None,
    name: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    until: str | None = None,
    anew: dict[str, str] | list[str] | None = None,
    rollouts: str | None = None,
    deploy: str = "world",
    review: str = "ask",
) -> ArtifactRef | State[Any]:
    """A human video in, an evaluated and calibrated image policy out.

    Args:
        capture: the capture's folder on the machine that runs the flow.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        name: the run's name; the capture's and the preset's when empty.
        overrides: stage → field → value, over the preset.
        until: the last stage to carry out, with those that it needs; all when empty.
        anew: stages to make by the code as it is, though the store has what other code made.
        rollouts: rollouts that take the place of ``deploy``: an artifact, or recordings of
            ``xsim robot run`` (a folder on the machine that runs the flow).
        deploy: world (the capture's simulated one, if it has one), or robot: the flow run suspends
            when the student is made, until its rollouts are brought.
        review: of the object's track: ask (the flow run suspends where a person should look at
            it), skip, or the reviewed track, as object_track/….
    """
    request = RunRequest.model_validate({
        "name": name, "capture": capture, "preset": preset, "task": task, "overrides": overrides,
        "anew": anew, "rollouts": rollouts, "deploy": deploy, "review": review,
    })  # fmt: skip
    settings = load_settings()
    store = settings.open_store()
    resolved = resolve(request)
    if until is not None or request.anew:
        # One that the chain does not have would else be noticed when the whole chain is done.
        resolved.plan(store, until=until)
    resolved = resolved.taken(store)
    show_name(resolved.name)
    let_go(store, resolved.name)

    def carry_out(run: ResolvedRun) -> RunRecord:
        with recorded(store, run.record(flow_run_url=flow_run.ui_url)) as recorder:
            run.carry_out(AsTasks(recorder), until=until)
        return recorder.record

    record = suspending(resolved, carry_out, store)
    if record.state == "waiting":
        return waiting_state(record)
    page = write_report(settings, store, record)
    publish_run_page(store, record, page, reports_url(settings.home))
    return record.stages[until or EVALUATE.name]
