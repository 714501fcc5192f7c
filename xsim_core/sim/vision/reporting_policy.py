"""An image policy that says how far its episodes are, while they run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.storage import Progress

from .rollout import ImagePolicy


@dataclass
class ReportingPolicy:
    """Passes everything on to ``policy`` and counts; it sees nothing of how episodes end."""

    policy: ImagePolicy
    num_episodes: int
    """Of the whole run; they come in groups."""
    horizon: int
    """Longest episode, control steps."""
    progress: Progress
    """Called after every action with the fraction of all episodes that is surely done."""

    def __post_init__(self) -> None:
        """No episode was begun."""
        self._before, self._group, self._step = 0, 0, 0

    def reset(self, seeds: Sequence[int]) -> None:
        """Begin one episode for each seed."""
        self._before, self._group, self._step = self._before + self._group, len(seeds), 0
        self.policy.reset(seeds)

    def looks(self) -> NDArray[np.bool_]:
        """(n,) where the policy looks next."""
        return self.policy.looks()

    def act(self, rgb: NDArray[np.uint8], state: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (n, a) in [-1, 1] for images (n, h, w, 3) and proprioception (n, s)."""
        actions = self.policy.act(rgb, state)
        self._step += 1
        done = self._before + self._group * self._step / self.horizon
        self.progress(min(1.0, done / self.num_episodes), {})
        return actions
