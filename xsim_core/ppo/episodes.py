"""Counting over whole episodes: success, return and length; and trying a policy in such."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .batched import BatchedEnv

EPISODE_FIGURES = ("success", "return", "length")
SUCCESS_KEYS = ("success", "is_success")
"""Where environments tell of it: ManiSkill and Meta-World; gymnasium-robotics."""
MAX_EPISODE_STEPS = 10_000


class EpisodeCounts:
    """Success at any step, return and length of n episodes that are under way."""

    def __init__(self, num_envs: int) -> None:
        self._so_far = np.zeros((num_envs, 3))
        self._ended = np.ones(num_envs, dtype=bool)

    def begin(self) -> None:
        """Begin all of them."""
        self._ended[:] = True

    def step(
        self,
        rewards: NDArray[np.floating],
        success: NDArray[np.floating],
        ended: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Take in one step of all; (n, 3) in the order of ``EPISODE_FIGURES``."""
        self._so_far[self._ended] = 0.0
        self._so_far[:, 0] = np.maximum(self._so_far[:, 0], success)
        self._so_far[:, 1] += rewards
        self._so_far[:, 2] += 1
        self._ended = ended.copy()
        return self._so_far.copy()


def successes(info: Mapping[str, Any], num_envs: int) -> NDArray[np.float64]:
    """(n,) whether each environment is successful now, from its info; NaN where it does not say."""
    for key in SUCCESS_KEYS:
        if key in info:
            told = info[key]
            told = np.asarray(told.detach().cpu() if hasattr(told, "detach") else told)
            return np.broadcast_to(told.astype(float).reshape(-1), (num_envs,)).copy()
    return np.full(num_envs, np.nan)


@dataclass(frozen=True)
class Tried:
    """Whole episodes of one policy; m of them."""

    success: NDArray[np.float64]
    """(m,) at any step, 0 or 1; NaN where the environment does not say."""
    returns: NDArray[np.float64]
    """(m,) sums of rewards."""


def try_policy(
    envs: BatchedEnv,
    act: Callable[[NDArray[np.float32]], NDArray[np.floating]],
    seeds: Sequence[int],
) -> Tried:
    """Run one episode for each seed, ``envs.num_envs`` at a time.

    Args:
        envs: begun anew with the seeds, and left in the middle of episodes.
        act: actions (n, a) of observations (n, o).
        seeds: (m,).

    Raises:
        BadInputError: for an episode that does not end.
    """
    columns = [envs.episode_figures.index(name) for name in ("success", "return")]
    tried: list[NDArray[np.float64]] = []
    for begin in range(0, len(seeds), envs.num_envs):
        batch = np.resize(np.asarray(seeds[begin : begin + envs.num_envs]), envs.num_envs)
        obs, figures = envs.reset(batch), np.zeros((envs.num_envs, 2))
        is_open = np.ones(envs.num_envs, dtype=bool)
        for _ in range(MAX_EPISODE_STEPS):
            step = envs.step(act(obs))
            figures[is_open] = step.episode_figures[is_open][:, columns]
            is_open &= ~(step.terminated | step.truncated)
            obs = step.obs
            if not is_open.any():
                break
        else:
            raise BadInputError(
                f"{int(is_open.sum())} episodes had no end after {MAX_EPISODE_STEPS} steps. Give "
                "the environment a time limit (gymnasium.make(..., max_episode_steps=...))."
            )
        tried.append(figures[: len(seeds) - begin])
    success, returns = np.concatenate(tried).T
    return Tried(success, returns)
