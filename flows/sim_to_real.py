"""Transfer on its own: calibrate and evaluate what an earlier run trained."""

from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from tasks.settings import load_settings
from xsim_core.artifacts import ArtifactRef
from xsim_core.presets import pipeline_config
from xsim_core.report import RunRecord, load_record

from . import story
from .calls import AsTasks
from .runs import recorded, write_report


@flow(name="sim-to-real", flow_run_name="{run}-sim-to-real", persist_result=False)
def sim_to_real(
    run: str,
    preset: str = "demo",
    task: str | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
) -> dict[str, ArtifactRef[Any]]:
    """Calibrate and evaluate.

    Args:
        run: name of the run whose reconstruction, policies and world are used.
        preset: demo, debug or full.
        task: a task's name or YAML file, instead of the preset's.
        overrides: stage → field → value, over the preset.
    """
    settings = load_settings()
    store = settings.open_store()
    made = load_record(store, run).stages
    taken = story.Taken(made["ingest_capture"], made.get("ingest_truth"), made.get("ingest_world"))
    sim = story.Reconstruction(made["scan"], made["splat"], made["pose_track"])
    trained = story.Trained(made["ppo"], made["render_dataset"], made["diffusion"])
    config = pipeline_config(preset, task=task, overrides=overrides)
    record = RunRecord(
        name=f"{run}-sim-to-real", preset=preset, task=task or "", stages=made,
        flow_run_url=flow_run.ui_url,
    )  # fmt: skip
    with recorded(store, record) as recorder:
        done = story.sim_to_real(AsTasks(recorder), config, sim, trained, taken)
    write_report(settings, store, recorder.record)
    return done._asdict()
