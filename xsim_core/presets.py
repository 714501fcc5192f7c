"""The configuration of every stage in one value, and named values of it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError

from .build_sim import BuildSimConfig
from .calibrate import CalibrateConfig
from .config import FrozenModel, refusal
from .deploy import DeployConfig
from .diffusion import DiffusionConfig
from .errors import BadInputError, UnknownNameError
from .evaluate import EvaluateConfig
from .overrides import with_fields, with_overrides
from .pose_track import PoseTrackConfig
from .ppo import PPOConfig
from .render_dataset import RenderDatasetConfig
from .scan import ScanConfig
from .sim.task import load_task_file
from .splat import SplatConfig


class PipelineConfig(FrozenModel):
    """One field a stage."""

    scan: ScanConfig
    splat: SplatConfig
    pose_track: PoseTrackConfig
    build_sim: BuildSimConfig
    ppo: PPOConfig
    render_dataset: RenderDatasetConfig
    diffusion: DiffusionConfig
    deploy: DeployConfig
    calibrate: CalibrateConfig
    evaluate: EvaluateConfig


DEFAULT_TASK = "push_block"

Fields = Mapping[str, Mapping[str, Any]]
"""Stage → field → value."""

PRESETS: Mapping[str, Fields] = {
    # The stages' own defaults are the demo's: two cores, 8 GiB, 25 minutes. There is a teacher to
    # ask, which a dataset that somebody brings has not.
    "demo": {"diffusion": {"dagger": {}}},
    # As small as every stage still runs with; its figures mean nothing.
    "debug": {
        "scan": {"max_num_features": 1024},
        "splat": {
            "num_iters": 200, "num_init": 2000, "max_gaussians": 3000, "image_width": 96,
            "min_psnr_db": 10.0,
        },
        "pose_track": {"min_ok_share": 0.3},
        "ppo": {
            "num_env_steps": 100_000, "success_threshold": 0.5, "eval_every": 5,
            "num_eval_episodes": 16,
        },
        "render_dataset": {"num_episodes": 8, "max_attempts": 40, "min_episodes": 1},
        "diffusion": {"optim": {"num_steps": 60, "warmup_steps": 5}, "num_eval_episodes": 2},
        "deploy": {"num_rollouts": 3},
        "calibrate": {
            # So small a calibration is seldom harmless, and every stage is to run whole.
            "num_held_out": 1, "do_no_harm": None, "dagger": {"num_episodes": 4},
            "optim": {"num_steps": 20, "warmup_steps": 2},
        },
        "evaluate": {
            "num_sim_trials": 2, "num_teacher_trials": 4, "num_real_trials": 2,
            "num_worlds": 0,
        },
    },
    # X-Sim's sizes (arXiv 2505.07096, appendix); hours, and a GPU for splat and training.
    "full": {
        "scan": {"max_num_features": 8192},
        "splat": {
            "backend": "gsplat", "num_iters": 30_000, "num_init": 100_000,
            "max_gaussians": 1_000_000, "image_width": 1280,
        },
        "ppo": {
            "num_env_steps": 50_000_000, "num_envs": 1024, "hidden_sizes": (256, 256, 256),
            "num_eval_episodes": 256,
        },
        "render_dataset": {"num_episodes": 1000, "max_attempts": 4000},
        "diffusion": {
            "optim": {"num_steps": 100_000, "batch_size": 256}, "dagger": {},
            "num_eval_episodes": 100,
        },
        "calibrate": {"optim": {"num_steps": 10_000}},
        "evaluate": {"num_sim_trials": 100, "num_teacher_trials": 100, "num_real_trials": 30},
    },
}  # fmt: skip
"""What is not named keeps its stage's default."""


def pipeline_config(
    preset: str = "demo", *, task: str | None = None, overrides: Fields | None = None
) -> PipelineConfig:
    """The configuration of a run.

    Args:
        preset: a name in ``PRESETS``.
        task: a task's name or YAML file. What it asks of the stages goes below the preset.
        overrides: stage → field → value, on top; deeper where a field is itself a configuration,
            and ``task`` → field → value.

    Raises:
        UnknownNameError: for an unknown preset, stage or field.
        BadInputError: for a value its stage refuses.
    """
    if preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    asked = load_task_file(task or DEFAULT_TASK)
    models: dict[str, type[FrozenModel]] = {
        name: cast(type[FrozenModel], field.annotation)
        for name, field in PipelineConfig.model_fields.items()
    }
    layers = ({"build_sim": {"task": asked.spec}}, asked.stages, PRESETS[preset])
    for stage in asked.stages:
        if stage not in models:
            raise UnknownNameError(f"stage in task '{task}'", stage, models)
    configs = {
        stage: _layered(stage, model, [fields.get(stage, {}) for fields in layers])
        for stage, model in models.items()
    }
    return with_overrides(PipelineConfig.model_validate(configs), overrides or {})


def _layered(
    stage: str, model: type[FrozenModel], layers: Sequence[Mapping[str, Any]]
) -> FrozenModel:
    """A stage's configuration: the last layer that names a field has it, also within a field."""
    values: dict[str, Any] = {}
    for name, value in (item for fields in layers for item in fields.items()):
        if name not in model.model_fields:
            raise UnknownNameError(f"field of {stage}", name, model.model_fields)
        below = values.get(name, model.model_fields[name].default)
        # What it does not name is the stage's own, not the default of the field's class.
        is_part = isinstance(below, FrozenModel) and isinstance(value, Mapping)
        values[name] = (
            with_fields(below, cast("Mapping[str, Any]", value), f"{stage}.{name}")
            if is_part
            else value
        )
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInputError(refusal(error, stage)) from error
