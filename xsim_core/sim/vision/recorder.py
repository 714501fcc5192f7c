"""What is kept of episodes that run side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import empty, let_go, shortened

from .image_pool import ImageObs


@dataclass(frozen=True)
class RolloutResult:
    """Episodes in the order of their seeds; steps concatenated, row = before its action."""

    seeds: NDArray[np.int64]
    """(e,)."""
    success: NDArray[np.bool_]
    """(e,)."""
    progress: NDArray[np.float32]
    """(e,) in [0, 1]."""
    rgb: NDArray[np.uint8]
    """(n, h, w, 3)."""
    state: NDArray[np.float32]
    """(n, s)."""
    action: NDArray[np.float32]
    """(n, a)."""
    env_states: NDArray[np.float32]
    """(n, 16)."""
    episode_ends: NDArray[np.int64]
    """(e,)."""
    T_world_cam: NDArray[np.float64]
    """(e, 4, 4) where the camera really was."""
    wide_rgb: NDArray[np.uint8] | None = None
    """(n, H, W, 3) when the pool has ``rgbd_hw``."""
    wide_depth_mm: NDArray[np.uint16] | None = None
    """(n, H, W)."""

    def episode(self, i: int) -> slice:
        """Rows of episode ``i``."""
        return slice(int(self.episode_ends[i - 1]) if i else 0, int(self.episode_ends[i]))


PICTURES = ("rgb", "wide_rgb", "wide_depth_mm")
"""Fields of an observation that are written as they come, where ``windows.empty`` has room."""


class Recorder:
    """Writes the pictures of each step at once; holds the few numbers beside them.

    Every episode gets the room that it can need. When a group of them is over, its episodes are
    closed up behind those before.
    """

    def __init__(self, *, num_episodes: int, horizon: int) -> None:
        self._horizon, self._room = horizon, num_episodes * horizon
        self._pictures: dict[str, NDArray[Any]] = {}
        self._running: list[list[tuple[NDArray[np.float32], ...]]] = []
        self._steps: list[tuple[NDArray[np.float32], ...]] = []
        self._outcomes: list[dict[str, NDArray[Any]]] = []
        self._ends: list[int] = []

    def begin(self, num_episodes: int) -> None:
        """A group of episodes begins."""
        self._running = [[] for _ in range(num_episodes)]

    def keep(
        self,
        active: NDArray[np.bool_],
        obs: ImageObs,
        action: NDArray[np.float32],
        env_states: NDArray[np.float32],
    ) -> None:
        """One step of the ``active`` (n,) episodes: what was seen, and what is done about it."""
        chosen = np.flatnonzero(active).tolist()
        rows = [self._row(i, len(self._running[i])) for i in chosen]
        for name in PICTURES:
            if (images := getattr(obs, name)) is not None:
                kept = self._array(name, images)
                kept[rows] = images[chosen]
                let_go(kept)
        for i in chosen:
            self._running[i].append((obs.state[i], action[i], env_states[i]))

    def end(
        self,
        *,
        seeds: Sequence[int],
        success: NDArray[np.bool_],
        progress: NDArray[np.float32],
        T_world_cam: NDArray[np.float64],
    ) -> None:
        """The group is over; all of (e, ...)."""
        sources = [self._row(i, 0) for i in range(len(self._running))]
        for source, steps in zip(sources, self._running, strict=True):
            begin = len(self._steps)
            for array in self._pictures.values():
                for k in range(len(steps) if source != begin else 0):
                    array[begin + k] = array[source + k]
                let_go(array)
            self._steps += steps
            self._ends.append(len(self._steps))
        self._outcomes.append(
            {
                "seeds": np.array(seeds, np.int64), "success": success, "progress": progress,
                "T_world_cam": T_world_cam,
            }
        )  # fmt: skip
        self._running = []

    @property
    def success_rate(self) -> tuple[int, float]:
        """Episodes that are over, and the share of them that succeeded."""
        success = self._outcome("success")
        return len(success), float(success.mean())

    def result(self) -> RolloutResult:
        """All episodes; the recorder is of no more use."""
        n = len(self._steps)
        pictures = {name: shortened(array, n) for name, array in self._pictures.items()}
        state, action, env_states = (
            np.stack(column).astype(np.float32) for column in zip(*self._steps, strict=True)
        )
        outcomes = {name: self._outcome(name) for name in self._outcomes[0]}
        return RolloutResult(
            **outcomes,
            **pictures,
            state=state,
            action=action,
            env_states=env_states,
            episode_ends=np.array(self._ends, np.int64),
        )

    def _outcome(self, name: str) -> NDArray[Any]:
        return np.concatenate([group[name] for group in self._outcomes])

    def _row(self, i: int, step: int) -> int:
        """Where a step of the group's episode ``i`` lies while it runs."""
        return len(self._steps) + i * self._horizon + step

    def _array(self, name: str, images: NDArray[Any]) -> NDArray[Any]:
        if name not in self._pictures:
            self._pictures[name] = empty((self._room, *images.shape[1:]), images.dtype)
        return self._pictures[name]
