"""The stage: learn the task from privileged state, by PPO on a pool of CPU environments."""

import numpy as np
import torch

from xsim_core.artifacts import SimWorld, TeacherPolicy
from xsim_core.device import find_device
from xsim_core.errors import QualityGateError
from xsim_core.policies.teacher import actor_from_arrays
from xsim_core.sim import EnvPool, Outcomes, open_sim_world, run_episodes
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import PPOConfig
from .pictures import learning_curve_png, paths_png
from .teacher_envs import TeacherEnvs
from .trainer import Arrays, Evaluated, Trainer

FINAL_SEED = 2_000_000_000
"""The seeds by which the finished teacher is judged start here."""


def train_teacher(
    sim: OpenArtifact[SimWorld],
    *,
    config: PPOConfig,
    out: ArtifactWriter,
) -> TeacherPolicy:
    """Train until the success threshold or the step budget; keep the best policy.

    Resumes from ``out.scratch()`` after an interruption, to the weights that it would have come to
    without one: the checkpoint holds where each environment's episodes were.

    Raises:
        QualityGateError: when the best policy stays below ``config.min_success``.
        TrainingDivergedError: when it became NaN; the state lies in the scratch.
    """
    torch.set_num_threads(1)
    folder = out.scratch()
    world = open_sim_world(sim, folder / "world")
    rng = np.random.default_rng([config.seed, 1])
    spread = config.physics
    physics = [spread.sample(rng) for _ in range(config.num_envs)] if spread else None
    with EnvPool(
        world.assets,
        world.task,
        num_envs=config.num_envs,
        num_workers=out.runtime.num_workers,
        physics=physics,
        seed=config.seed,
    ) as pool:

        def episodes(arrays: Arrays, first_seed: int) -> Outcomes:
            seeds = range(first_seed, first_seed + config.num_eval_episodes)
            return run_episodes(pool, actor_from_arrays(arrays).act, list(seeds))

        def evaluate(arrays: Arrays, first_seed: int) -> Evaluated:
            tried = episodes(arrays, first_seed)
            return Evaluated(tried.success, tried.returns)

        trainer = Trainer(
            TeacherEnvs(pool),
            config,
            folder / "checkpoint.npz",
            find_device(out.runtime.device),
            evaluate,
            out.progress,
        )
        trainer.run()
        final = episodes(trainer.best, FINAL_SEED)
    _leave(trainer, paths_png(world.assets, final), config, out)
    success = _enough(final, world.task.name, config)
    return TeacherPolicy(
        task=world.task.name,
        num_env_steps=trainer.env_steps,
        success_rate=success,
        num_eval_episodes=len(final.success),
        reached_threshold=trainer.reached,
    )


def _leave(trainer: Trainer, paths: bytes, config: PPOConfig, out: ArtifactWriter) -> None:
    curve = {k: np.array(v, dtype=np.float64) for k, v in trainer.curve.items()}
    out.write_all(trainer.best)
    out.write_all(curve, prefix="curve")
    threshold = config.success_threshold
    out.add_file("learning_curve.png", learning_curve_png(curve, threshold=threshold))
    out.add_file("paths_top_view.png", paths)


def _enough(final: Outcomes, task: str, config: PPOConfig) -> float:
    """The share of successes, where it is no less than asked for."""
    success = float(final.success.mean())
    if success < config.min_success:
        raise QualityGateError(
            f"teacher for '{task}' succeeds in {success:.0%} of "
            f"{len(final.success)} episodes, below PPOConfig.min_success {config.min_success:.0%}. "
            "Raise num_env_steps, or widen the task's tolerances."
        )
    return success
