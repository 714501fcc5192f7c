"""What the numbers of states and actions are called, for files that other programs read."""

from dataclasses import dataclass
from typing import Any

from xsim_core.artifacts import EpisodeDataset, SimWorld, StudentPolicy
from xsim_core.sim.task import TaskSpec

from .source import Source

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


@dataclass(frozen=True)
class RobotWords:
    """What a policy's numbers are called."""

    state: list[str] | None
    action: dict[str, Any]
    """As ``action_words``; without a range where actions are in the units of a dataset."""
    is_brought: bool
    """Whether it learnt from a dataset that was brought."""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the action."""
        return bool(self.action)


def robot_words(source: Source[StudentPolicy]) -> RobotWords:
    """Of a policy: its world's task where it has one, else what its dataset says."""
    sim, dataset = source.made_from(SimWorld), source.made_from(EpisodeDataset)
    summary = dataset.summary if dataset else None
    if sim is None and summary is not None and summary.action_names:
        action = {"names": list(summary.action_names), "frequency_hz": summary.fps}
        return RobotWords(list(summary.state_names), action, is_brought=True)
    task = TaskSpec.model_validate(sim.summary.task_spec) if sim else None
    state_dim = source.artifact.summary.architecture["state_dim"]
    is_ours = state_dim == len(STATE_NAMES)
    return RobotWords(STATE_NAMES if is_ours else None, action_words(task), is_brought=False)
