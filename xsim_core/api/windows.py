"""A dataset as torch sees it."""

import numpy as np
import torch
from torch import Tensor

from xsim_core.errors import BadInputError
from xsim_core.policies import Episodes, StudentArchitecture
from xsim_core.policies.chunks import window_rows


class Windows(torch.utils.data.Dataset[dict[str, Tensor]]):
    """One window a time-step, with LeRobot's keys; none crosses its episode.

    At an episode's start the first observation repeats, at its end the last action, which
    ``action_is_pad`` marks.
    """

    def __init__(self, episodes: Episodes, *, n_obs_steps: int, horizon: int) -> None:
        if n_obs_steps < 1 or horizon < 1:
            raise BadInputError(
                f"a window of {n_obs_steps} observations and {horizon} actions is empty. "
                "Give n_obs_steps and horizon of at least 1."
            )
        self.n_obs_steps, self.horizon, self._episodes = n_obs_steps, horizon, episodes
        shape = StudentArchitecture(n_obs_steps=n_obs_steps, horizon=horizon)
        rows = np.arange(len(episodes.action))
        self._observed, self._chunk, self._mask = window_rows(rows, self._episodes, shape)

    def __len__(self) -> int:
        """The number of time-steps."""
        return len(self._episodes.action)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        """The window at a row.

        Returns:
            ``observation.images.front`` (To, 3, h, w) float32 in [0, 1]; ``observation.state``
            (To, s) and ``action`` (T, a) float32, not normalised; ``action_is_pad`` (T,) bool.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")  # Ends a for loop, as sequences do.
        observed, chunk = self._observed[row], self._chunk[row]
        images = torch.as_tensor(self._episodes.rgb[observed])
        return {
            "observation.images.front": images.movedim(-1, -3).float() / 255.0,
            "observation.state": torch.as_tensor(self._episodes.state[observed]),
            "action": torch.as_tensor(self._episodes.action[chunk]),
            "action_is_pad": torch.as_tensor(self._mask[row] == 0),
        }
