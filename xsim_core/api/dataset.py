"""The rendered episodes of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ArtifactRef, EpisodeDataset
from xsim_core.errors import BadInputError

from .store import StoreLike, open_artifact

if TYPE_CHECKING:
    from .windows import Windows


@dataclass(frozen=True)
class Episode:
    """One episode of n steps; row i is what was observed before action i."""

    rgb: NDArray[np.uint8]
    """(n, h, w, 3), read-only."""
    state: NDArray[np.float32]
    """(n, s) as ``Dataset.state``."""
    action: NDArray[np.float32]
    """(n, a) as ``Dataset.action``."""
    T_world_cam: NDArray[np.float32] | None
    """(4, 4) where the camera was in this episode, OpenCV axes, metres; None where nobody knows."""

    def __len__(self) -> int:
        return len(self.action)


@dataclass(frozen=True)
class Dataset:
    """Episodes concatenated over time: n steps of e episodes. Images stay on the disk."""

    ref: ArtifactRef[EpisodeDataset]
    """Which artifact this is."""
    summary: EpisodeDataset
    """Task, counts, frames per second."""
    rgb: NDArray[np.uint8]
    """(n, h, w, 3), a read-only memory map of a verified local copy."""
    state: NDArray[np.float32]
    """(n, s) proprioception: TCP x, y, z in metres, sine and cosine of yaw, gripper opening; of a
    dataset that was brought what ``summary.state_names`` says, in its own units."""
    action: NDArray[np.float32]
    """(n, a) in [-1, 1], commanded after observing the same row; of one that was brought what
    ``summary.action_names`` says."""
    env_states: NDArray[np.float32] | None
    """(n, x) simulator state before the action; None of a dataset that was brought."""
    episode_ends: NDArray[np.int64]
    """(e,) one past the last row of each episode."""
    T_world_cam: NDArray[np.float32] | None
    """(e, 4, 4) camera to robot base, OpenCV axes, metres; None where nobody knows."""
    K: NDArray[np.float32] | None
    """(3, 3) intrinsics, pixels; likewise."""

    def __len__(self) -> int:
        """The number of episodes."""
        return len(self.episode_ends)

    def __iter__(self) -> Iterator[Episode]:
        return (self.episode(i) for i in range(len(self)))

    def episode(self, index: int) -> Episode:
        """One episode, as views of these arrays.

        Args:
            index: from 0, or from the end if negative.

        Raises:
            BadInputError: when there is no such episode.
        """
        if not -len(self) <= index < len(self):
            raise BadInputError(
                f"there is no episode {index}: {self.ref} has {len(self)}, counted from 0."
            )
        index %= len(self)
        rows = slice(self.episode_ends[index - 1] if index else 0, self.episode_ends[index])
        T_world_cam = None if self.T_world_cam is None else self.T_world_cam[index]
        return Episode(self.rgb[rows], self.state[rows], self.action[rows], T_world_cam)

    def torch(self, *, n_obs_steps: int = 1, horizon: int = 8) -> "Windows":
        """A map-style ``torch.utils.data.Dataset`` of training windows, for a ``DataLoader``.

        Args:
            n_obs_steps: observations a window (To), the last one at the window's row.
            horizon: actions a window (T), the first one at the window's row.

        Raises:
            BadInputError: when either is below 1.
        """
        from xsim_core.policies import Episodes

        from .windows import Windows

        episodes = Episodes(self.rgb, self.state, self.action, self.episode_ends)
        return Windows(episodes, n_obs_steps=n_obs_steps, horizon=horizon)


def load_dataset(name: str | ArtifactRef[EpisodeDataset], *, store: StoreLike = None) -> Dataset:
    """The episodes that ``render_dataset`` rendered, or that were brought.

    Args:
        name: ``RUN:STAGE`` (``"demo:render_dataset"``), ``kind/fingerprint``, first digits, or a
            ref.
        store: where it lies; by default ``open_store()``.

    Returns:
        NumPy arrays; ``dataset.torch()`` gives windows as tensors.

    Raises:
        UnknownNameError: when there is no such artifact; lists what there is.
        BadInputError: when it is of another kind; names what the run has of this one.
    """
    opened = open_artifact(name, EpisodeDataset, store=store)
    optional = ("env_states", "T_world_cam", "K")
    return Dataset(
        opened.ref,
        opened.summary,
        rgb=opened.frames("observation.images.front"),
        state=opened.array("observation.state"),
        action=opened.array("action"),
        episode_ends=opened.array("episode_ends"),
        **{n: opened.array(n) if n in opened.array_names else None for n in optional},
    )
