"""Reconstruction on its own: from a capture to a scene and the object's motion."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import State

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import FlowCall, RunRecord, RunRequest

from . import pipeline
from .executors import AsTasks, check_reviewed, until_reviewed
from .prefect_server.suspension import let_go, suspending, waiting_state
from .requests import ResolvedRun, resolve
from .run_page import show_name
from .runs import recorded

DEPLOYMENT = "real-to-sim/real-to-sim"


@flow(name="real-to-sim", flow_run_name="{capture}", persist_result=False)
def real_to_sim(
    capture: str,
    preset: str = "demo",
    overrides: dict[str, dict[str, Any]] | None = None,
    review: str = "ask",
) -> dict[str, ArtifactRef] | State[Any]:
    """Scan, splat and pose_track for one capture; answers ``images``, ``scene`` and ``track``.

    Args:
        capture: the capture's folder on the machine that runs the flow.
        preset: demo, debug or full.
        overrides: stage → field → value, over the preset.
        review: of the object's track: ask (the flow run suspends where a person should look at
            it), skip, or the reviewed track, as object_track/….
    """
    given: dict[str, Any] = {"capture": capture, "preset": preset, "overrides": overrides or {}}
    resolved = resolve(RunRequest(**given, review=review))
    store = load_settings().open_store()
    name = resolved.take_name(store, f"{resolved.name}-real-to-sim")
    show_name(name)
    let_go(store, name)
    call = FlowCall(deployment=DEPLOYMENT, parameters=given)

    def carry_out(run: ResolvedRun) -> RunRecord:
        sources = run.sources
        record = run.record(name, flow_run_url=flow_run.ui_url, call=call)
        with recorded(store, record) as recorder:
            execute = until_reviewed(AsTasks(recorder), reviewed=sources.reviewed)
            ingested = pipeline.ingest(execute, sources)
            found = pipeline.real_to_sim(execute, run.config, ingested.capture, sources)
            if sources.asks_for_review:
                check_reviewed(store, found.track)
        return recorder.record

    record = suspending(resolved, carry_out, store)
    if record.state == "waiting":
        return waiting_state(record)
    return pipeline.Reconstruction.of(record.stages)._asdict()
