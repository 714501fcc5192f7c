"""State, joints and action of a dataset's rows, held against what a Panda can be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.exporters.robot_words import STATE_NAMES
from xsim_core.importers.config import Picks
from xsim_core.importers.lerobot.choose import Chosen, Numbers, choose
from xsim_core.importers.lerobot.layout import Layout
from xsim_core.importers.lerobot.rows import Rows, read_rows
from xsim_core.robots.session import ROBOT
from xsim_core.rollouts.picks import RolloutPicks
from xsim_core.sim.controller import FINGER_OPEN_M, JOINT_HIGH, JOINT_LOW, forward_kinematics
from xsim_core.sim.privileged import proprioception
from xsim_core.sim.task import TaskSpec

STATE, JOINTS = "observation.state", ("qpos", "observation.qpos")
KNOWN_ROBOTS = ("panda", "franka")
APART_M = 0.02
"""Median distance between the TCP that the joints give and the one that was recorded: more is
another tool, another unit, or another arm."""
OVER_RAD, OVER_M, NOT_ONE = 0.05, 2.0, 0.02


@dataclass(frozen=True)
class RobotNumbers:
    """What the rows say of the robot."""

    rows: Rows
    chosen: Chosen
    state: NDArray[np.float32]
    """(n, 6) as ``STATE_NAMES``."""
    action: NDArray[np.float32]
    """(n, a) in [-1, 1]."""
    qpos: NDArray[np.float32] | None
    """(n, 9): seven joints, two fingers; None where only the TCP was recorded."""


def read_numbers(
    layout: Layout, picks: RolloutPicks, camera: str, task: TaskSpec, notes: list[str]
) -> RobotNumbers:
    """The rows' numbers as those of a Panda at this task.

    Args:
        layout: the dataset.
        picks: which features.
        camera: the one whose pictures are taken.
        task: what the rollouts are of.
        notes: receives what was chosen and guessed.

    Raises:
        BadInputError: for another robot, rate, state, joints or action, with what there is.
    """
    _check_robot(layout, notes)
    if layout.fps != task.control_freq_hz:
        raise BadInputError(
            f"{layout.folder} has {layout.fps:g} rows a second, task '{task.name}' "
            f"{task.control_freq_hz} actions. Resample it."
        )
    tcp, joints = _state_picks(layout, picks), picks.joints or _joints_by_name(layout)
    if not tcp and not joints:
        raise BadInputError(
            f"{layout.folder}: neither its state is {', '.join(STATE_NAMES)}, nor is there a "
            f"feature with a Panda's joints ({' or '.join(JOINTS)}); it has "
            f"{', '.join(layout.features)}. Pick one with --state or --joints."
        )
    actions = picks.action or ("action",)
    wanted = Picks(
        camera=camera, state=(*tcp, *joints), action=actions, instruction=picks.instruction
    )
    chosen = choose(layout, wanted)
    rows = read_rows(layout, chosen, wanted)
    width = sum(len(n.places) for n in chosen.state[: len(tcp)])
    state, q = rows.state[:, :width], rows.state[:, width:]
    qpos = _joints(layout, q, state) if q.shape[1] else None
    if not width:
        assert qpos is not None
        state = _state_of(qpos)
        notes.append("state: the TCP by the joints' forward kinematics, the gripper by its fingers")
    _check_state(layout, state, is_named=_words(chosen.state[: len(tcp)]) == STATE_NAMES or not tcp)
    _check_agree(layout, state, qpos)
    _check_action(layout, task, chosen, rows.action)
    if qpos is None:
        notes.append("no joints were recorded: calibrate, which replays them, cannot use them")
    return RobotNumbers(rows, chosen, state, rows.action, qpos)


def _check_robot(layout: Layout, notes: list[str]) -> None:
    name = layout.robot.lower()
    if name in ("", "unknown"):
        notes.append(f"info.json names no robot_type: taken for a {ROBOT}")
    elif not any(known in name for known in KNOWN_ROBOTS):
        raise BadInputError(
            f"{layout.folder} is of a {layout.robot}; policies here are trained for a {ROBOT}, "
            "whose joints are replayed. Train on it instead: xsim import."
        )


def _words(numbers: tuple[Numbers, ...]) -> list[str]:
    return [n.feature.numbers[i] for n in numbers for i in n.places]


def _state_picks(layout: Layout, picks: RolloutPicks) -> tuple[str, ...]:
    found = layout.features.get(STATE)
    is_ours = found is not None and list(found.numbers) == STATE_NAMES
    return picks.state or ((STATE,) if is_ours else ())


def _joints_by_name(layout: Layout) -> tuple[str, ...]:
    return next(((name,) for name in JOINTS if name in layout.features), ())


def _joints(
    layout: Layout, q: NDArray[np.float32], state: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, 9), the fingers by the gripper's opening where they are not among them."""
    if q.shape[1] not in (7, 9) or (q.shape[1] == 7 and not state.shape[1]):
        raise BadInputError(
            f"{layout.folder}: {q.shape[1]} joints were picked. A Panda has seven, in radians, and "
            "two fingers in metres; without these the gripper's opening has to be in the state."
        )
    over = np.maximum(q[:, :7] - JOINT_HIGH, JOINT_LOW - q[:, :7]).max()
    if over > OVER_RAD:
        raise BadInputError(
            f"{layout.folder}: a joint is {over:.2f} rad beyond what a Panda's can. Are they "
            "degrees, or in another order?"
        )
    if q.shape[1] == 9:
        return q
    fingers = np.clip(state[:, 5:6], 0, 1) * np.float32(FINGER_OPEN_M)
    return np.hstack([q, fingers, fingers])


def _state_of(qpos: NDArray[np.float32]) -> NDArray[np.float32]:
    places = (forward_kinematics(q[:7].astype(np.float64))[0][:3, 3] for q in qpos)
    own = [proprioception(q.astype(np.float64), tcp) for q, tcp in zip(qpos, places, strict=True)]
    return np.stack(own)


def _check_state(layout: Layout, state: NDArray[np.float32], *, is_named: bool) -> None:
    """Refuse six numbers that cannot be a TCP, a yaw and an opening."""
    listed = ", ".join(STATE_NAMES)
    if state.shape[1] != len(STATE_NAMES):
        raise BadInputError(
            f"{layout.folder}: the state has {state.shape[1]} numbers; it is {listed}."
        )
    turn = np.abs(np.linalg.norm(state[:, 3:5], axis=1) - 1).max()
    far, opening = np.abs(state[:, :3]).max(), state[:, 5]
    if turn > NOT_ONE or far > OVER_M or opening.min() < -NOT_ONE or opening.max() > 1 + NOT_ONE:
        named = "" if is_named else " Its names are others, too."
        raise BadInputError(
            f"{layout.folder}: the state is not {listed} in metres and [0, 1]: a TCP {far:.2f} m "
            f"away, a sine and cosine {turn:.2f} from length 1, an opening from {opening.min():.2f}"
            f" to {opening.max():.2f}.{named}"
        )


def _check_agree(
    layout: Layout, state: NDArray[np.float32], qpos: NDArray[np.float32] | None
) -> None:
    """Refuse joints that put the TCP elsewhere than the state does."""
    if qpos is None:
        return
    some = np.unique(np.linspace(0, len(qpos) - 1, 64).astype(int))
    by_joints = [forward_kinematics(q[:7].astype(np.float64))[0][:3, 3] for q in qpos[some]]
    apart = float(np.median(np.linalg.norm(np.stack(by_joints) - state[some, :3], axis=1)))
    if apart > APART_M:
        raise BadInputError(
            f"{layout.folder}: a Panda's joints put the TCP {100 * apart:.1f} cm (median) from "
            "where the state has it: another tool, unit or base. The TCP is between the "
            "fingertips, 21.04 cm from the flange; the base is the world."
        )


def _check_action(
    layout: Layout, task: TaskSpec, chosen: Chosen, action: NDArray[np.float32]
) -> None:
    names = _words(chosen.action)
    if names != list(task.action_names):
        raise BadInputError(
            f"{layout.folder}: its actions are {', '.join(names)}, those of task '{task.name}' "
            f"{', '.join(task.action_names)}. Pick them with --action."
        )
    largest = float(np.abs(action).max())
    if largest > 1 + 1e-6:
        raise BadInputError(
            f"{layout.folder}: an action of {largest:.4g} is more than a full one; those of task "
            f"'{task.name}' are in [-1, 1], 1 being {task.action_position_m} m. Scale them."
        )
