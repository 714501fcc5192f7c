"""How the next chunk of actions is joined to the one that the robot is executing.

- ``switch``: the next one takes over at the step that is due, whatever it says there (the
  asynchronous baseline of Black et al. 2025, arXiv 2506.07339).
- ``ensemble``: all chunks that have an action for this moment are averaged, weights exp(-m i) from
  the oldest on; the policy thinks without a pause (temporal ensembling of ACT, Zhao et al. 2023,
  arXiv 2304.13705, section IV-A and algorithm 2, with its m = 0.01).
- ``inpaint``: while the next chunk is sampled, what the robot will have executed of this one until
  it arrives is held, and what comes after is held less and less: the soft mask of real-time
  chunking (Black et al. 2025, eq. 5), laid on the clean sample of every denoising step (as
  inpainting in Diffuser, Janner et al. 2022, arXiv 2205.09991) and not through its gradient. The
  student is not trained anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Join = Literal["switch", "ensemble", "inpaint"]
ENSEMBLE_RATE = 0.01
"""m of ACT."""


@dataclass(frozen=True)
class Chunk:
    """Actions and the time of the first."""

    actions: NDArray[np.float32]
    """(T, a)."""
    begin_s: float

    def index(self, now_s: float, dt_s: float) -> int:
        """Which action is due; none where it is not in ``actions``."""
        return round((now_s - self.begin_s) / dt_s)

    def at(self, now_s: float, dt_s: float) -> NDArray[np.float32] | None:
        """The action (a,) that is due; None where there is none."""
        index = self.index(now_s, dt_s)
        return self.actions[index] if 0 <= index < len(self.actions) else None


class Prior(NamedTuple):
    """What a chunk is to keep of the one before it."""

    actions: NDArray[np.float32]
    """(T, a) in the environment's units."""
    weights: NDArray[np.float32]
    """(T,) from 0, free, to 1, held."""


def ensembled(
    chunks: Sequence[Chunk], now_s: float, dt_s: float, *, rate: float = ENSEMBLE_RATE
) -> NDArray[np.float32] | None:
    """The action (a,) of all chunks, oldest first, that have one now; None where none has.

    As in ACT's reference the oldest weighs most.
    """
    due = [action for c in chunks if (action := c.at(now_s, dt_s)) is not None]
    if not due:
        return None
    weights = np.exp(-rate * np.arange(len(due)))
    mean = (np.stack(due) * (weights / weights.sum())[:, None]).sum(axis=0)
    return mean.astype(np.float32)


def prior_of(chunk: Chunk, begin_s: float, dt_s: float, *, delay_s: float) -> Prior | None:
    """What the chunk that begins at ``begin_s`` keeps of this one; None where they do not meet.

    Args:
        chunk: that the robot executes.
        begin_s: when the next one's picture was taken.
        dt_s: control period.
        delay_s: from that picture until the next chunk is expected.
    """
    size = len(chunk.actions)
    first = chunk.index(begin_s, dt_s)
    left = size - first
    if first < 0 or left <= 0:
        return None
    actions = np.concatenate([chunk.actions[first:], np.repeat(chunk.actions[-1:], first, axis=0)])
    return Prior(actions, soft_mask(size, held=int(np.ceil(delay_s / dt_s)), overlap=left))


def soft_mask(size: int, *, held: int, overlap: int) -> NDArray[np.float32]:
    """(size,) weights: 1 for the first ``held``, falling to 0 at the end of the overlap.

    Black et al. 2025, eq. 5: c (e^c - 1) / (e - 1) with c falling linearly; 0 beyond the overlap.
    """
    held = min(held, overlap)
    index = np.arange(size)
    c = np.clip((overlap - index) / (overlap - held + 1), 0, 1)
    soft = c * np.expm1(c) / np.expm1(1)
    return np.where(index < held, 1.0, np.where(index < overlap, soft, 0.0)).astype(np.float32)
