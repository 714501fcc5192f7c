"""gymnasium's vector environments, and ManiSkill's, as what PPO trains on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.sim.episode.starts import SeedStreams

from .batched import BatchStep, check_spaces
from .episodes import EPISODE_FIGURES, EpisodeCounts, successes


class FromVectorEnv:
    """A ``gymnasium.vector.VectorEnv``, in whichever way it begins anew, or a ManiSkillVectorEnv.

    Of a vector env that begins anew at the *next* step (gymnasium's default) that step would be
    lost and its action ignored; those environments are reset in the same step instead.
    """

    step_figures: Sequence[str] = ()
    episode_figures: Sequence[str] = EPISODE_FIGURES

    def __init__(self, envs: Any, *, seed: int = 0) -> None:
        """Take a vector environment, which stays its owner's to close.

        Args:
            envs: gymnasium's SyncVectorEnv, AsyncVectorEnv or another of its kind, or ManiSkill's.
            seed: root of the seeds of resets.

        Raises:
            BadInputError: for spaces without bounds or rows, and where it never begins anew.
        """
        self._envs, self.num_envs = envs, int(envs.num_envs)
        self.single_observation_space, self.single_action_space = check_spaces(
            envs.single_observation_space, envs.single_action_space
        )
        mode = envs.metadata.get("autoreset_mode")
        if mode is None:
            raise BadInputError(
                f"{type(envs).__name__} does not say how it begins anew where an episode ends "
                "(metadata['autoreset_mode'], gymnasium 1.1 or newer)."
            )
        self._is_reset_here = AutoresetMode(mode) is not AutoresetMode.SAME_STEP
        if getattr(envs, "auto_reset", True) is False:
            raise BadInputError(
                "a ManiSkillVectorEnv with auto_reset=False never begins anew. Leave it out."
            )
        self._streams = SeedStreams(seed, range(self.num_envs))
        self._counts = EpisodeCounts(self.num_envs)

    def reset(
        self, seeds: NDArray[np.integer] | Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Begin episodes; see ``BatchedEnv``."""
        if seeds is None:
            seeds = [self._streams.next(i) for i in range(self.num_envs)]
        obs, _ = self._envs.reset(seed=[int(seed) for seed in seeds])
        self._counts.begin()
        return _rows(obs)

    def step(self, actions: NDArray[np.floating]) -> BatchStep:
        """Advance all environments; see ``BatchedEnv``."""
        obs, rewards, terminated, truncated, info = self._envs.step(actions)
        rewards, obs = _numbers(rewards).astype(np.float32), _rows(obs)
        terminated = _numbers(terminated).astype(bool)
        truncated = _numbers(truncated).astype(bool) & ~terminated
        ended, final_obs, final_info = terminated | truncated, obs, info
        if ended.any():
            if self._is_reset_here:
                obs = self._begin_anew(ended, obs)
            else:
                final_obs, final_info = _before_reset(obs, info, ended)
        now = successes(info, self.num_envs)
        if final_info is not info:
            now = np.where(ended, successes(final_info, self.num_envs), now)
        figures = self._counts.step(rewards, now, ended)
        none = np.zeros((self.num_envs, 0), np.float32)
        return BatchStep(obs, rewards, terminated, truncated, final_obs, none, figures)

    def _begin_anew(
        self, ended: NDArray[np.bool_], obs: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        seeds = [self._streams.next(i) if e else None for i, e in enumerate(ended)]
        begun, _ = self._envs.reset(seed=seeds, options={"reset_mask": ended.copy()})
        return np.where(ended[:, None], _rows(begun), obs)

    def positions(self) -> NDArray[np.int64]:
        """Seeds taken; see ``BatchedEnv``."""
        return self._streams.positions()

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on from there; see ``BatchedEnv``."""
        self._streams.go_to(positions)


def _numbers(values: Any) -> NDArray[Any]:
    """As NumPy, from wherever a tensor lives."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _rows(obs: Any) -> NDArray[np.float32]:
    return _numbers(obs).astype(np.float32)  # A copy: vector envs may write into theirs.


def _before_reset(
    obs: NDArray[np.float32], info: dict[str, Any], ended: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """What the environments that ended showed last, and told."""
    told = info.get("final_obs", info.get("final_observation"))
    if told is None:
        raise BadInputError(
            "the vector env began episodes anew and does not tell what the old ones showed last "
            f"(info['final_obs'], not {sorted(info)}), without which a time limit cannot be told "
            "from an end. Make it with autoreset_mode=AutoresetMode.DISABLED."
        )
    final = obs.copy()
    for i in np.flatnonzero(ended):
        final[i] = _numbers(told[i])
    return final, info.get("final_info", {})
