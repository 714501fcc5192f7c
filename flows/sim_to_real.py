"""Transfer on its own: calibrate and evaluate what an earlier run trained."""

from typing import Any

from prefect import flow

from xsim_core.artifacts import ArtifactRef
from xsim_core.runs import RunRequest

from . import pipeline
from .resume import resume_run
from .runs import write_report


@flow(name="sim-to-real", flow_run_name="{run}-sim-to-real", persist_result=False)
def sim_to_real(
    run: str,
    preset: str = "demo",
    task: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> dict[str, ArtifactRef]:
    """Calibrate and evaluate.

    Args:
        run: name of the run whose reconstruction, policies and world are used.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.
    """
    needs = (*pipeline.RECONSTRUCTED, "build_sim", "ppo", "render_dataset", "diffusion")
    request = RunRequest(
        name=f"{run}-sim-to-real", preset=preset, task=task, overrides=overrides or {}
    )
    with resume_run(run, request, needs) as here:
        trained, ingested = pipeline.Trained.of(here.made), pipeline.Ingested.of(here.made)
        done = pipeline.sim_to_real(here.executor, here.config, here.found, trained, ingested)
    write_report(here.settings, here.store, here.recorder.record)
    return done._asdict()
