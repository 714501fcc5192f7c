"""Training on its own: from a finished reconstruction to a student policy."""

from typing import Any

from prefect import flow

from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import RunRequest

from . import pipeline
from .resume import resume_run


@flow(name="train", flow_run_name="{run}-train", persist_result=False)
def train(
    run: str,
    preset: str = "demo",
    task: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> dict[str, ArtifactRef[Any]]:
    """World, teacher, dataset and student on the reconstruction that an earlier run made.

    Args:
        run: name of the run whose scan, splat and pose_track are used.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.
    """
    needs = ("scan", "splat", "pose_track")
    request = RunRequest(name=f"{run}-train", preset=preset, task=task, overrides=overrides or {})
    with resume_run(run, request, needs) as here:
        return pipeline.train(here.executor, here.config, here.found)._asdict()
