"""What the numbers of states and actions are called, for files that other programs read."""

from typing import Any

from xsim_core.sim.task import TaskSpec

STATE_NAMES = ["tcp_x", "tcp_y", "tcp_z", "tcp_yaw_sin", "tcp_yaw_cos", "gripper_open"]
"""Metres in the robot-base frame, the yaw's sine and cosine, the gripper's opening in [0, 1]."""


def action_words(task: TaskSpec | None) -> dict[str, Any]:
    """Names of the action's numbers, what a full one moves, and how often; nothing if unknown."""
    if task is None:
        return {}
    return {
        "names": list(task.action_names),
        "range": [-1, 1],
        "position_m": task.action_position_m,
        "yaw_rad": task.action_yaw_rad if task.turns else None,
        "frequency_hz": task.control_freq_hz,
    }
