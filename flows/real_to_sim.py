"""Reconstruction on its own: from a capture to a scene and the object's motion."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import RunRequest

from . import pipeline
from .executors import AsTasks
from .requests import resolve
from .run_page import show_name
from .runs import recorded


@flow(name="real-to-sim", flow_run_name="{capture}", persist_result=False)
def real_to_sim(
    capture: str, preset: str = "demo", overrides: dict[str, dict[str, Any]] | None = None
) -> dict[str, ArtifactRef[Any]]:
    """Scan, splat and pose_track for one capture; answers ``images``, ``scene`` and ``track``."""
    request = RunRequest(capture=capture, preset=preset, overrides=overrides or {})
    resolved = resolve(request)
    store = load_settings().open_store()
    name = resolved.take_name(store, f"{resolved.name}-real-to-sim")
    show_name(name)
    with recorded(store, resolved.record(name, flow_run_url=flow_run.ui_url)) as recorder:
        execute = AsTasks(recorder)
        ingested = pipeline.ingest(execute, resolved.sources)
        return pipeline.real_to_sim(execute, resolved.config, ingested.capture)._asdict()
