"""What PPO trains on: many environments stepped as one batch.

An episode ends in one of two ways. Where it is *terminated* nothing follows, and the value after
the last step is 0. Where it is *truncated* a time limit cut it, and the value of what it showed
last stands for what would have come (Pardo et al., "Time Limits in Reinforcement Learning", 2018).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError


class BatchStep(NamedTuple):
    """One step of all environments; n of them."""

    obs: NDArray[np.float32]
    """(n, o), already of the next episode where one ended."""
    rewards: NDArray[np.float32]
    """(n,)."""
    terminated: NDArray[np.bool_]
    """(n,) the episode is over, and nothing follows."""
    truncated: NDArray[np.bool_]
    """(n,) the episode was cut by a time limit. Of one that is both, ``terminated`` counts."""
    final_obs: NDArray[np.float32]
    """(n, o) after the step, before any automatic reset."""
    step_figures: NDArray[np.float32]
    """(n, k) numbers of this step, in the order of ``BatchedEnv.step_figures``."""
    episode_figures: NDArray[np.float64]
    """(n, m) numbers of the episode so far, in the order of ``BatchedEnv.episode_figures``."""


class BatchedEnv(Protocol):
    """``num_envs`` environments, each of which begins anew by itself where its episode ends."""

    num_envs: int
    step_figures: Sequence[str]
    """Names of what is averaged over the steps for the learning curve."""
    episode_figures: Sequence[str]
    """Names of what is averaged over the episodes that ended. ``train_ppo`` needs ``success`` (0,
    1, or NaN where it is not known) and ``return`` among them."""

    @property
    def single_observation_space(self) -> gymnasium.spaces.Box[Any]:
        """Of one environment, (o,)."""
        ...

    @property
    def single_action_space(self) -> gymnasium.spaces.Box[Any]:
        """Of one environment, (a,), bounded."""
        ...

    def reset(
        self, seeds: NDArray[np.integer] | Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """Begin episodes with these seeds (n,), or the batch's own; returns observations (n, o)."""
        ...

    def step(self, actions: NDArray[np.floating]) -> BatchStep:
        """Advance all environments by actions (n, a) within the action space."""
        ...

    def positions(self) -> NDArray[np.int64]:
        """(n,) how many seeds each environment has taken from its own stream."""
        ...

    def go_to(self, positions: NDArray[np.int64]) -> None:
        """Go on with the streams from there: the next ``reset()`` begins what it began there."""
        ...


def check_spaces(
    observation: gymnasium.Space[Any], action: gymnasium.Space[Any]
) -> tuple[gymnasium.spaces.Box[Any], gymnasium.spaces.Box[Any]]:
    """The spaces of one environment, as those that PPO takes.

    Raises:
        BadInputError: where the policy has no network for them.
    """
    box = gymnasium.spaces.Box
    if not isinstance(observation, box) or len(observation.shape) != 1:
        raise BadInputError(
            f"PPO takes observations that are one row of numbers, not {observation}. gymnasium's "
            "FlattenObservation makes one of it (ManiSkill: obs_mode='state')."
        )
    if not isinstance(action, box) or len(action.shape) != 1:
        raise BadInputError(
            f"PPO takes actions that are one row of continuous numbers, not {action}."
        )
    if not (np.isfinite(action.low).all() and np.isfinite(action.high).all()):
        raise BadInputError(
            f"PPO takes actions within bounds, not {action}. gymnasium's RescaleAction or "
            "ClipAction gives an environment some."
        )
    return observation, action


def into_bounds(
    actions: NDArray[np.floating], space: gymnasium.spaces.Box[Any]
) -> NDArray[np.floating]:
    """Actions (n, a) of the policy, clipped to [-1, 1], as the space's bounds say."""
    clipped = np.clip(actions, -1.0, 1.0)
    if (space.low == -1.0).all() and (space.high == 1.0).all():
        return clipped
    return (space.low + (clipped + 1.0) * 0.5 * (space.high - space.low)).astype(space.dtype)
