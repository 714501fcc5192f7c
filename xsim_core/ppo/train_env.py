"""PPO on anybody's environments: gymnasium's, ManiSkill's, or a batch of one's own."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from xsim_core.device import find_device
from xsim_core.policies.teacher import TeacherActor, actor_from_arrays
from xsim_core.scratch import write_arrays
from xsim_core.storage.runtime import Progress, no_progress

from .batched import BatchedEnv, check_spaces, into_bounds
from .config import PPOSettings
from .episodes import try_policy
from .trainer import Arrays, Evaluated, Trainer
from .vector_env import FromVectorEnv

CHECKPOINT, POLICY = "checkpoint.npz", "policy.npz"


@dataclass(frozen=True)
class TrainedPolicy:
    """What a training on environments left."""

    actor: TeacherActor
    """The best policy, in NumPy; its actions are in [-1, 1]."""
    action_space: gymnasium.spaces.Box[Any]
    """Of one environment."""
    curve: dict[str, NDArray[np.float64]]
    """Learning curves, one value an iteration; NaN where there was none."""
    num_env_steps: int
    reached_threshold: bool

    def act(self, obs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Actions (..., a) within the action space, of observations (..., o), without noise."""
        return into_bounds(self.actor.act(obs), self.action_space)


def train_ppo(
    envs: BatchedEnv | gymnasium.vector.VectorEnv[Any, Any, Any],
    config: PPOSettings | None = None,
    *,
    folder: Path | str,
    device: str = "cpu",
    progress: Progress = no_progress,
) -> TrainedPolicy:
    """Train until the success threshold or the step budget; keep the best policy.

    Called again with the same folder after an interruption it goes on from its last evaluation; on
    the CPU to the same weights, where the environments repeat what a seed says.

    Args:
        envs: a vector environment of gymnasium's or ManiSkill's, ``EnvProcesses``, or anything that
            keeps to ``BatchedEnv``. Left open.
        config: budget, network, optimisation; the teacher's defaults without it.
        folder: for the checkpoint and the best policy (``policy.npz``).
        device: where the network is updated: ``auto``, ``cpu`` or ``cuda:N``.
        progress: told after each iteration what share of the budget is spent, and the latest
            figures.

    Returns:
        The best policy by deterministic episodes: by success where the environments tell of it
        (``info["success"]`` or ``info["is_success"]``), else by return.

    Raises:
        BadInputError: for spaces that PPO has no network for, and episodes without an end.
        TrainingDivergedError: when the training became NaN; the state lies in the folder.
    """
    config = config or PPOSettings()
    of_gymnasium = isinstance(envs, gymnasium.vector.VectorEnv)
    batch = FromVectorEnv(envs, seed=config.seed) if of_gymnasium else envs
    _, space = check_spaces(batch.single_observation_space, batch.single_action_space)

    def evaluate(arrays: Arrays, first_seed: int) -> Evaluated:
        actor = actor_from_arrays(arrays)
        seeds = range(first_seed, first_seed + config.num_eval_episodes)
        tried = try_policy(batch, lambda obs: into_bounds(actor.act(obs), space), seeds)
        return Evaluated(tried.success, tried.returns)

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with _one_thread():
        trainer = Trainer(
            batch, config, place / CHECKPOINT, find_device(device), evaluate, progress
        )
        trainer.run()
    write_arrays(place / POLICY, trainer.best)
    curve = {name: np.array(values, dtype=np.float64) for name, values in trainer.curve.items()}
    return TrainedPolicy(
        actor_from_arrays(trainer.best), space, curve, trainer.env_steps, trainer.reached
    )


@contextmanager
def _one_thread() -> Generator[None]:
    """Such small networks are slower on several threads, which also change their last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
