"""The pool of the reconstructed world, as what PPO trains on."""

from collections.abc import Sequence

import gymnasium
import numpy as np
from numpy.typing import NDArray

from xsim_core.sim import EnvPool
from xsim_core.sim.reward import TERMS

from .batched import BatchStep


class TeacherEnvs:
    """Its episodes end at the horizon alone: success does not end one, so nothing terminates."""

    step_figures: Sequence[str] = tuple(f"term_{name}" for name in TERMS)
    episode_figures: Sequence[str] = ("success", "progress")

    def __init__(self, pool: EnvPool) -> None:
        self._pool, self.num_envs = pool, pool.num_envs
        box = gymnasium.spaces.Box
        self.single_observation_space = box(-np.inf, np.inf, (pool.obs_dim,), np.float32)
        self.single_action_space = box(-1.0, 1.0, (pool.action_dim,), np.float32)

    def reset(
        self, seeds: NDArray[np.integer] | Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Begin episodes; see ``BatchedEnv``."""
        return self._pool.reset(seeds)

    def step(self, actions: NDArray[np.floating]) -> BatchStep:
        """Advance all environments; see ``BatchedEnv``."""
        step = self._pool.step(actions)
        return BatchStep(
            obs=step.obs,
            rewards=step.rewards,
            terminated=np.zeros_like(step.truncated),
            truncated=step.truncated,
            final_obs=step.final_obs,
            step_figures=step.terms,
            episode_figures=np.stack([step.success, step.progress], axis=1, dtype=np.float64),
        )

    def positions(self) -> NDArray[np.int64]:
        """Seeds taken; see ``BatchedEnv``."""
        return self._pool.positions()

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on from there; see ``BatchedEnv``."""
        self._pool.go_to(positions)
