"""Training on its own: from a finished reconstruction to a student policy."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.report import RunRecord, load_record

from . import story
from .calls import AsTasks
from .runs import recorded


@flow(name="train", flow_run_name="{run}-train", persist_result=False)
def train(
    run: str,
    preset: str = "demo",
    task: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> dict[str, ArtifactRef[Any]]:
    """Teacher, dataset and student on the reconstruction that an earlier run made.

    Args:
        run: name of the run whose scan, splat and pose_track are used.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.
    """
    store = load_settings().open_store()
    made = load_record(store, run).stages
    sim = story.Reconstruction(made["scan"], made["splat"], made["pose_track"])
    config = pipeline_config(preset, task=task, overrides=overrides)
    record = RunRecord(
        name=f"{run}-train", preset=preset, task=task or "", stages=made,
        flow_run_url=flow_run.ui_url,
    )  # fmt: skip
    with recorded(store, record) as recorder:
        return story.train(AsTasks(recorder), config, sim)._asdict()
