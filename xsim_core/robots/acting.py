"""A policy beside the robot's motion: it thinks while the robot goes on with the last chunk.

A chunk belongs to the time of the picture it was made from: its action i is for i control steps
after that. When it arrives, the actions whose time has passed are left out, and the rest takes over
from the chunk before at the step that is due (as in the asynchronous baseline of Black et al. 2025,
arXiv 2506.07339). The step in the actions at that seam is measured; what the arm makes of it is
bounded by the safety layer, which knows no other motion than one of limited jerk.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SETTLE_S = 0.15
"""From the last action until the arm has followed it."""
Thinker = Callable[[NDArray[np.uint8], NDArray[np.float32]], NDArray[np.float32]]
"""A picture (h, w, 3) and a state (s,) to a chunk (T, a)."""


@dataclass(frozen=True)
class Chunk:
    """Actions and the time of the first."""

    actions: NDArray[np.float32]
    begin_s: float

    def index(self, now_s: float, dt_s: float) -> int:
        """Which action is due; none where it is not in ``actions``."""
        return round((now_s - self.begin_s) / dt_s)


@dataclass
class _Thought:
    future: "Future[NDArray[np.float32]]"
    seen_s: float
    asked_s: float


class ChunkedPolicy:
    """Asks for the next chunk in time, and says which action is due."""

    def __init__(
        self, think: Thinker, *, dt_s: float, num_action_steps: int, waits: bool = False
    ) -> None:
        """Begin an episode.

        Args:
            think: the policy; called in a thread of its own, one at a time.
            dt_s: control period.
            num_action_steps: how many actions of a chunk are meant to be executed.
            waits: stand still for each thought, as the policy was evaluated in simulation: slower,
                and blind to no time that passes.
        """
        self._waits = waits
        self._think, self._dt, self._num_steps = think, dt_s, num_action_steps
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="policy")
        self._chunk: Chunk | None = None
        self._thought: _Thought | None = None
        self._acted_s = -np.inf
        self.latencies_s: list[float] = []
        """From a picture to its chunk."""
        self.thinking_s: list[float] = []
        self.seams: list[float] = []
        """Largest difference of an action to what the chunk before had for its step."""
        self.num_waits = 0
        """Steps in which no action was due: the robot stood still."""

    def action(
        self, now_s: float, picture: tuple[float, NDArray[np.uint8], NDArray[np.float32]] | None
    ) -> NDArray[np.float32] | None:
        """The action (a,) that is due; None where there is none yet.

        Args:
            now_s: on the clock of the picture's time.
            picture: the latest: when it was taken, what it shows (h, w, 3), the state (s,) then.
        """
        self._collect(now_s)
        index = None if self._chunk is None else self._chunk.index(now_s, self._dt)
        if self._waits and index is not None and index >= self._num_steps:
            index = None
        # Who waits looks when the motion is over.
        is_seen = picture is not None and (not self._waits or picture[0] > self._acted_s + SETTLE_S)
        if self._thought is None and is_seen and picture is not None and self._is_due(index):
            seen_s, rgb, state = picture
            future = self._worker.submit(self._think, rgb, state)
            self._thought = _Thought(future, seen_s, now_s)
        if self._chunk is None or index is None or not 0 <= index < len(self._chunk.actions):
            self.num_waits += 1
            return None
        self._acted_s = now_s
        return self._chunk.actions[index]

    def _is_due(self, index: int | None) -> bool:
        """Whether to think: so early that the thought comes when the chunk's steps are done."""
        if index is None or self._waits:
            return index is None
        lead = round(float(np.median(self.latencies_s[-5:])) / self._dt) if self.latencies_s else 1
        return index >= self._num_steps - max(1, lead)

    def _collect(self, now_s: float) -> None:
        if self._thought is None or not self._thought.future.done():
            return
        thought, self._thought = self._thought, None
        actions = thought.future.result()
        self.latencies_s.append(now_s - thought.seen_s)
        self.thinking_s.append(now_s - thought.asked_s)
        # Where nothing was done since the picture, the world is still as it shows it.
        begin_s = thought.seen_s if self._acted_s >= thought.seen_s else now_s
        chunk = Chunk(actions, begin_s)
        self._measure_seam(chunk, now_s)
        self._chunk = chunk

    def _measure_seam(self, chunk: Chunk, now_s: float) -> None:
        if self._chunk is None or self._waits:
            return
        old, new = self._chunk.index(now_s, self._dt), chunk.index(now_s, self._dt)
        if 0 <= old < len(self._chunk.actions) and 0 <= new < len(chunk.actions):
            self.seams.append(float(np.abs(chunk.actions[new] - self._chunk.actions[old]).max()))

    def close(self) -> None:
        """Wait for what is being thought, and forget it."""
        self._worker.shutdown(cancel_futures=True)
