"""Training windows cut from concatenated episodes; their images stay on the disk."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.artifacts import EpisodeDataset
from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import (
    Actions,
    ChunkMask,
    RgbImages,
    RowChunks,
    Rows,
    RowWindows,
    States,
)
from xsim_core.storage import OpenArtifact

from .augment import augmented
from .config import AugmentConfig, StudentArchitecture
from .normalizer import MinMaxNormalizer


@dataclass(frozen=True)
class Episodes:
    """Episodes concatenated over time."""

    rgb: RgbImages
    """(n, h, w, 3), read-only; a memory map when it was read from a store."""
    state: States
    """(n, s), proprioception."""
    action: Actions
    """(n, a), commanded after observing the same row."""
    episode_ends: NDArray[np.int64]
    """(e,), one past the last row of each episode."""

    @staticmethod
    def read(dataset: OpenArtifact[EpisodeDataset]) -> "Episodes":
        """Open a dataset: its images as a memory map, all else in memory.

        Raises:
            BadInputError: when the dataset has no step.
        """
        action = dataset.array("action")
        if len(action) == 0:
            raise BadInputError(
                f"{dataset.ref} has no steps to learn from. Run render_dataset again."
            )
        return Episodes(
            dataset.frames("observation.images.front"),
            dataset.array("observation.state"),
            action,
            dataset.array("episode_ends"),
        )

    @property
    def starts(self) -> Rows:
        """(n,) first row of each row's episode."""
        begins = np.concatenate([[0], self.episode_ends[:-1]])
        return np.repeat(begins, self.episode_ends - begins)

    @property
    def ends(self) -> Rows:
        """(n,) one past the last row of each row's episode."""
        begins = np.concatenate([[0], self.episode_ends[:-1]])
        return np.repeat(self.episode_ends, self.episode_ends - begins)


@dataclass(frozen=True)
class Batch:
    """One training batch; ``mask`` is 0 where a chunk runs past its episode."""

    rgb: Tensor
    """(b, To, 3, h, w) in [-0.5, 0.5]."""
    state: Tensor
    """(b, To, s) normalised."""
    action: Tensor
    """(b, T, a) normalised."""
    mask: Tensor
    """(b, T)."""


@dataclass(frozen=True)
class ChunkSampler:
    """Draws windows uniformly over time-steps, augmented, with the normalisers already applied."""

    episodes: Episodes
    state: MinMaxNormalizer
    action: MinMaxNormalizer
    architecture: StudentArchitecture
    augment: AugmentConfig
    state_noise: float = 0.0
    """Standard deviation added to the normalised state, against leaning on proprioception."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    """Where batches are put; episodes stay on the disk."""

    def draw(self, batch_size: int, *, rng: np.random.Generator) -> Batch:
        """A batch of windows, sampled with replacement."""
        rows = rng.integers(len(self.episodes.action), size=batch_size)
        observed, chunk, mask = window_rows(rows, self.episodes, self.architecture)
        rgb = augmented(
            self.episodes.rgb, observed.reshape(-1), self.augment, rng=rng, device=self.device
        )
        state = self.state.normalize(self.episodes.state[observed])
        state = state + self.state_noise * rng.standard_normal(state.shape, np.float32)
        return Batch(
            rgb.reshape(batch_size, -1, *rgb.shape[1:]),
            torch.from_numpy(state).to(self.device),
            torch.from_numpy(self.action.normalize(self.episodes.action[chunk])).to(self.device),
            torch.from_numpy(mask).to(self.device),
        )


def window_rows(
    rows: Rows, episodes: Episodes, architecture: StudentArchitecture
) -> tuple[RowWindows, RowChunks, ChunkMask]:
    """Rows observed (b, To), rows of actions (b, T) and which actions are real (b, T).

    Windows never cross episodes: observations repeat the first one, actions the last one.
    """
    back = np.arange(1 - architecture.n_obs_steps, 1)
    observed = np.maximum(rows[:, None] + back, episodes.starts[rows][:, None])
    wanted = rows[:, None] + np.arange(architecture.horizon)
    ends = episodes.ends[rows][:, None]
    return observed, np.minimum(wanted, ends - 1), (wanted < ends).astype(np.float32)
