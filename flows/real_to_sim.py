"""Reconstruction on its own: from a capture to a scene and the object's motion."""

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.runs import RunRecord

from . import pipeline
from .executors import AsTasks
from .runs import recorded, run_name
from .sources import find_sources


@flow(name="real-to-sim", flow_run_name="{capture}", persist_result=False)
def real_to_sim(
    capture: str, preset: str = "demo", overrides: dict[str, dict[str, Any]] | None = None
) -> dict[str, ArtifactRef[Any]]:
    """Scan, splat and pose_track for one capture; answers ``images``, ``scene`` and ``track``."""
    config = pipeline_config(preset, overrides=overrides)
    record = RunRecord(
        name=run_name(capture, preset) + "-real-to-sim", capture=capture, preset=preset,
        flow_run_url=flow_run.ui_url,
    )  # fmt: skip
    with recorded(load_settings().open_store(), record) as recorder:
        call = AsTasks(recorder)
        taken = pipeline.ingest(call, find_sources(Path(capture)))
        return pipeline.real_to_sim(call, config, taken.capture)._asdict()
