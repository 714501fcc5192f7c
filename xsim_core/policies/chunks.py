"""Training windows: cut from concatenated episodes, whose images stay on the disk, or labelled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.artifacts import EpisodeDataset
from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import (
    ActionChunks,
    Actions,
    ChunkMask,
    RgbImages,
    RgbWindows,
    RowChunks,
    Rows,
    RowWindows,
    States,
    StateWindows,
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
class TaughtWindows:
    """Windows that are labelled one by one, in memory: see ``sim.dagger.rounds``."""

    rgb: RgbWindows
    """(m, To, h, w, 3)."""
    state: StateWindows
    """(m, To, s), proprioception."""
    action: ActionChunks
    """(m, T, a)."""
    mask: ChunkMask
    """(m, T), 0 where an action is none."""

    def __len__(self) -> int:
        return len(self.rgb)

    @staticmethod
    def concatenate(parts: "Sequence[TaughtWindows]") -> "TaughtWindows":
        """All of them, in order."""
        names = TaughtWindows.__annotations__
        return TaughtWindows(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


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

    def with_more(self, other: "Batch") -> "Batch":
        """Both, one after the other."""
        return Batch(*(torch.cat([getattr(x, n) for x in (self, other)]) for n in _PARTS))


_PARTS = tuple(Batch.__annotations__)


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

    taught: TaughtWindows | None = None
    """Windows beside those of the episodes."""
    taught_share: float | None = None
    """Of a batch, to be drawn from ``taught``; None draws uniformly from both together."""

    def draw(self, batch_size: int, *, rng: np.random.Generator) -> Batch:
        """A batch of windows, sampled with replacement."""
        n, m = len(self.episodes.action), len(self.taught) if self.taught is not None else 0
        if m == 0:
            return self._from_episodes(rng.integers(n, size=batch_size), rng)
        if self.taught_share is None:
            rows = rng.integers(n + m, size=batch_size)
            rows, taught = rows[rows < n], rows[rows >= n] - n
        else:
            count = round(self.taught_share * batch_size)
            rows, taught = rng.integers(n, size=batch_size - count), rng.integers(m, size=count)
        if len(taught) == 0:
            return self._from_episodes(rows, rng)
        if len(rows) == 0:
            return self._from_taught(taught, rng)
        return self._from_episodes(rows, rng).with_more(self._from_taught(taught, rng))

    def _from_episodes(self, rows: Rows, rng: np.random.Generator) -> Batch:
        episodes = self.episodes
        observed, chunk, mask = window_rows(rows, episodes, self.architecture)
        state, action = episodes.state[observed], episodes.action[chunk]
        return self._batch(episodes.rgb, observed, state, action, mask, rng)

    def _from_taught(self, rows: Rows, rng: np.random.Generator) -> Batch:
        taught = self.taught
        assert taught is not None
        To = self.architecture.n_obs_steps
        frames = taught.rgb.reshape(-1, *taught.rgb.shape[2:])
        observed = rows[:, None] * To + np.arange(To)
        state, action = taught.state[rows], taught.action[rows]
        return self._batch(frames, observed, state, action, taught.mask[rows], rng)

    def _batch(
        self,
        frames: RgbImages,
        observed: NDArray[np.int64],
        state: NDArray[np.float32],
        action: NDArray[np.float32],
        mask: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> Batch:
        rgb = augmented(frames, observed.reshape(-1), self.augment, rng=rng, device=self.device)
        felt = self.state.normalize(state)
        felt = felt + self.state_noise * rng.standard_normal(felt.shape, np.float32)
        return Batch(
            rgb.reshape(len(observed), -1, *rgb.shape[1:]),
            torch.from_numpy(felt).to(self.device),
            torch.from_numpy(self.action.normalize(action)).to(self.device),
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
