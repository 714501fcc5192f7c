"""The configuration of every stage in one value, and named values of it."""

from collections.abc import Mapping
from typing import Any

from .config import FrozenModel
from .errors import BadInputError, UnknownNameError
from .sim.task import load_task
from .stages import (
    CALIBRATE,
    DIFFUSION,
    EVALUATE,
    POSE_TRACK,
    PPO,
    RENDER_DATASET,
    SCAN,
    SPLAT,
)


class PipelineConfig(FrozenModel):
    """One field a stage."""

    scan: SCAN.config
    splat: SPLAT.config
    pose_track: POSE_TRACK.config
    ppo: PPO.config
    render_dataset: RENDER_DATASET.config
    diffusion: DIFFUSION.config
    calibrate: CALIBRATE.config
    evaluate: EVALUATE.config


DEFAULT_TASK = "push_block"

Fields = Mapping[str, Mapping[str, Any]]
"""Stage → field → value."""

PRESETS: Mapping[str, Fields] = {
    "demo": {},
    "debug": {},
    "full": {},
}
"""What is not named keeps its stage's default."""


def pipeline_config(
    preset: str = "demo", *, task: str | None = None, overrides: Fields | None = None
) -> PipelineConfig:
    """The configuration of a run.

    Args:
        preset: a name in ``PRESETS``.
        task: a task's name or YAML file, for every stage that takes a task.
        overrides: stage → field → value, on top.

    Raises:
        UnknownNameError: for an unknown preset, stage or field.
        BadInputError: for a value its stage refuses.
    """
    if preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    spec = load_task(task or DEFAULT_TASK)
    models = {name: field.annotation for name, field in PipelineConfig.model_fields.items()}
    for stage in overrides or {}:
        if stage not in models:
            raise UnknownNameError("stage", stage, models)
    configs = {}
    for stage, model in models.items():
        values = {**PRESETS[preset].get(stage, {}), **(overrides or {}).get(stage, {})}
        if "task" in model.model_fields:
            values.setdefault("task", spec)
        configs[stage] = _validated(stage, model, values)
    return PipelineConfig(**configs)


def _validated(stage: str, model: type[FrozenModel], values: dict[str, Any]) -> FrozenModel:
    for name in values:
        if name not in model.model_fields:
            raise UnknownNameError(f"field of {stage}", name, model.model_fields)
    try:
        return model.model_validate(values)
    except ValueError as error:
        raise BadInputError(f"the configuration of {stage} was refused: {error}") from error
