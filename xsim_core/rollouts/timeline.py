"""A recording's rows, each of one moment.

A row of ``xsim robot run`` holds what was latest when the policy was asked: a picture of some time
ago, joints of a moment ago, and the action that was due now. On a busy machine these lie half a
second apart. Here a row is a picture: joints and proprioception are those of its time, between the
rows' own, and the action is what was commanded from then until the next picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.sim.controller import FINGER_OPEN_M, FINGER_SQUEEZE_M

Floats = NDArray[np.float64]
STOOD_STILL_M = 0.002
"""A picture from which the TCP had moved less since the last one, nothing being commanded, shows
that the robot waited; encoders are noisy by half a millimetre."""
SAME_PICTURE_S = 0.001
"""Times of one picture, told by two rows, differ by rounding alone."""
GRIPPER = "gripper"


@dataclass(frozen=True)
class Timeline:
    """Rows of one rollout, a picture each."""

    steps: NDArray[np.int64]
    """(n,) the record whose picture it is."""
    state: NDArray[np.float32]
    """(n, 6)."""
    qpos: NDArray[np.float32]
    """(n, 9)."""
    action: NDArray[np.float32]
    """(n, a)."""
    num_repeated: int
    """Records that held the same picture as the one before, or none."""
    num_waiting: int
    """Pictures that were left out because the robot stood still and nothing was commanded."""
    num_exceeding: int
    """Rows between whose picture and the next more was commanded than one full action."""
    worst_lag_s: float
    """The longest time between a picture and the row that held it."""
    time_s: NDArray[np.float64]
    """(n,) of the pictures that are left, since the first of them."""


def timeline_of(steps: Sequence[dict[str, Any]], action_names: Sequence[str]) -> Timeline:
    """Bring a recording's rows to the times of its pictures.

    Args:
        steps: records of a rollout, at least one.
        action_names: what the numbers of an action are.

    Raises:
        BadInputError: when times run backwards, or a number that must be there is none.
    """
    time_s = _column(steps, "timestamp", 0)
    lag_s = _column(steps, "frame_age_s", 0, may_miss=True)
    seen_s = time_s - lag_s
    felt_s = time_s - _column(steps, "state_age_s", 0)
    if len(steps) > 1 and np.diff(time_s).min() <= 0:
        raise BadInputError("the times of its rows do not increase")
    is_new = np.isfinite(seen_s) & (
        seen_s > np.maximum.accumulate(_before(seen_s)) + SAME_PICTURE_S
    )
    chosen = np.flatnonzero(is_new)
    if not len(chosen):
        raise BadInputError("none of its rows has a picture")
    state = _at(seen_s[chosen], felt_s, _column(steps, "observation.state", 6))
    state[:, 3:5] /= np.maximum(np.linalg.norm(state[:, 3:5], axis=1, keepdims=True), 1e-9)
    arm = _at(seen_s[chosen], felt_s, _column(steps, "observation.qpos", 7))
    actions = _column(steps, "action", 1, may_miss=True)
    summed, is_commanded = _commanded(seen_s[chosen], time_s, actions, state[:, 5], action_names)
    keep = _not_waiting(state[:, :3], is_commanded)
    fingers = np.clip(state[:, 5:6], 0, 1) * FINGER_OPEN_M
    return Timeline(
        steps=chosen[keep],
        state=state[keep].astype(np.float32),
        qpos=np.hstack([arm[:, :7], fingers, fingers])[keep].astype(np.float32),
        action=np.clip(summed[keep], -1, 1).astype(np.float32),
        num_repeated=len(steps) - len(chosen),
        num_waiting=int((~keep).sum()),
        num_exceeding=int((np.abs(summed[keep]) > 1 + 1e-6).any(axis=1).sum()),
        worst_lag_s=float(lag_s[chosen][keep].max()),
        time_s=seen_s[chosen][keep] - seen_s[chosen][keep][0],
    )


def _column(
    steps: Sequence[dict[str, Any]], name: str, least: int, *, may_miss: bool = False
) -> Floats:
    """(n,) of all rows, or (n, k) where each holds ``least`` numbers or more.

    Raises:
        BadInputError: where one lacks it, or has another shape, or (unless they may) is no number.
    """
    try:
        values = np.stack([np.asarray(step[name], np.float64) for step in steps])
    except (KeyError, ValueError, TypeError, OverflowError):
        raise BadInputError(f"its rows have no '{name}' of one shape") from None
    if values.ndim != 1 + (least > 0) or (least and values.shape[1] < least):
        wanted = f"{least} numbers" if least else "one number"
        raise BadInputError(f"'{name}' of its rows is not {wanted}")
    if np.isinf(values).any() or (not may_miss and np.isnan(values).any()):
        raise BadInputError(f"'{name}' is not a finite number in some row")
    return values


def _before(seen_s: Floats) -> Floats:
    """(n,) the time of the picture in the row before; earlier than all where there is none."""
    return np.concatenate([[-np.inf], np.where(np.isfinite(seen_s), seen_s, -np.inf)[:-1]])


def _at(wanted_s: Floats, times_s: Floats, values: Floats) -> Floats:
    """Values (m, k) at the times wanted, on straight lines between those that are known."""
    known_s, first = np.unique(times_s, return_index=True)
    columns: list[Floats] = [np.interp(wanted_s, known_s, v[first]) for v in values.T]
    return np.stack(columns, axis=1)


def _commanded(
    seen_s: Floats, time_s: Floats, actions: Floats, opening: Floats, names: Sequence[str]
) -> tuple[Floats, NDArray[np.bool_]]:
    """(m, a) what was commanded from each picture to the next, and whether anything was.

    After the last one as long as before it. Displacements add up. The gripper's number is where it
    shall be: the last one said, and before any where it stood.
    """
    if actions.ndim != 2 or actions.shape[1] != len(names):
        raise BadInputError(f"its actions are not the {len(names)} numbers {', '.join(names)}")
    due = np.flatnonzero(np.isfinite(actions).all(axis=1))
    row = np.searchsorted(seen_s, time_s[due], side="right") - 1
    last_s = seen_s[-1] + (seen_s[-1] - seen_s[-2] if len(seen_s) > 1 else np.inf)
    is_of_one = (row >= 0) & (time_s[due] < last_s)
    due, row = due[is_of_one], row[is_of_one]
    summed = np.zeros((len(seen_s), len(names)))
    np.add.at(summed, row, np.clip(actions[due], -1, 1))
    is_commanded = np.bincount(row, minlength=len(seen_s)) > 0
    if GRIPPER in names:
        k, said = names.index(GRIPPER), np.full(len(seen_s), np.nan)
        said[row] = actions[due, k]
        span = FINGER_OPEN_M - FINGER_SQUEEZE_M
        now = 2 * (np.clip(opening[0], 0, 1) * FINGER_OPEN_M - FINGER_SQUEEZE_M) / span - 1
        for i, value in enumerate(said):
            now = value if np.isfinite(value) else now
            summed[i, k] = now
    return summed, is_commanded


def _not_waiting(position: Floats, is_commanded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(m,) False where the robot stood as in the last row kept, and nothing was commanded since."""
    keep, last, still = np.ones(len(position), bool), 0, not is_commanded[0]
    for i in range(1, len(position)):
        moved = np.linalg.norm(position[i] - position[last]) >= STOOD_STILL_M
        if still and not is_commanded[i] and not moved:
            keep[i] = False
            continue
        last, still = i, not is_commanded[i]
    return keep
