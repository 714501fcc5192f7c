"""A policy beside the robot's motion: it thinks while the robot goes on with the last chunk.

A chunk belongs to the time of the picture it was made from: its action i is for i control steps
after that. When it arrives, the actions whose time has passed are left out, and the rest is joined
to what is being executed (``joining`` has the ways). The step in what is executed at that seam is
measured; what the arm makes of it is bounded by the safety layer, which knows no other motion than
one of limited jerk.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .joining import Chunk, Join, Prior, ensembled, prior_of

SETTLE_S = 0.15
"""From the last action until the arm has followed it."""
KEPT_CHUNKS = 16
Thinker = Callable[..., NDArray[np.float32]]
"""A picture (h, w, 3) and a state (s,) to a chunk (T, a); where chunks are inpainted a ``Prior``
or None comes third."""


@dataclass
class _Thought:
    future: "Future[NDArray[np.float32]]"
    seen_s: float
    asked_s: float


class ChunkedPolicy:
    """Asks for the next chunk in time, and says which action is due."""

    def __init__(
        self,
        think: Thinker,
        *,
        dt_s: float,
        num_action_steps: int,
        waits: bool = False,
        join: Join = "switch",
        worker: Executor | None = None,
    ) -> None:
        """Begin an episode.

        Args:
            think: the policy; called in a thread of its own, one at a time.
            dt_s: control period.
            num_action_steps: how many actions of a chunk are meant to be executed.
            waits: stand still for each thought, as the policy was evaluated in simulation: slower,
                and blind to no time that passes. Nothing is joined then.
            join: the next chunk to this one.
            worker: calls the policy; a thread of its own by default.
        """
        self._waits, self._join = waits, join
        self._think, self._dt, self._num_steps = think, dt_s, num_action_steps
        self._worker = worker or ThreadPoolExecutor(1, thread_name_prefix="policy")
        self._chunk: Chunk | None = None
        self._chunks: deque[Chunk] = deque(maxlen=KEPT_CHUNKS)
        self._thought: _Thought | None = None
        self._acted_s = self._seen_s = -np.inf
        self.latencies_s: list[float] = []
        """From a picture to its chunk."""
        self.thinking_s: list[float] = []
        self.seams: list[float] = []
        """Largest difference of what is executed to what it would be without the new chunk."""
        self.num_chunks = 0
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
        if (
            self._thought is None
            and is_seen
            and picture is not None
            and self._is_due(index, is_new=picture[0] > self._seen_s)
        ):
            self._seen_s, rgb, state = picture
            future = self._worker.submit(self._think, rgb, state, *self._prior(self._seen_s))
            self._thought = _Thought(future, self._seen_s, now_s)
        if self._chunk is None or index is None or not 0 <= index < len(self._chunk.actions):
            self.num_waits += 1
            return None
        self._acted_s = now_s
        return self._due_now(now_s)

    def _is_due(self, index: int | None, *, is_new: bool) -> bool:
        """Whether to think: so early that the thought comes when the chunk's steps are done."""
        if index is None or self._waits:
            return index is None
        if self._join == "ensemble":
            return is_new
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
        before = self._due_now(now_s)
        self._chunk = Chunk(actions, begin_s)
        self._chunks.append(self._chunk)
        self.num_chunks += 1
        after = self._due_now(now_s)
        if before is not None and after is not None and not self._waits:
            self.seams.append(float(np.abs(after - before).max()))

    def _due_now(self, now_s: float) -> NDArray[np.float32] | None:
        """What would be executed now, of the chunks that are here."""
        if self._join == "ensemble" and not self._waits:
            return ensembled(list(self._chunks), now_s, self._dt)
        return None if self._chunk is None else self._chunk.at(now_s, self._dt)

    def _prior(self, seen_s: float) -> tuple[Prior | None, ...]:
        """What the next thought is to keep, where it is asked to."""
        if self._join != "inpaint" or self._waits:
            return ()
        if self._chunk is None:
            return (None,)
        delay_s = float(np.median(self.latencies_s[-5:]))
        return (prior_of(self._chunk, seen_s, self._dt, delay_s=delay_s),)

    def close(self) -> None:
        """Wait for what is being thought, and forget it."""
        self._worker.shutdown(cancel_futures=True)
