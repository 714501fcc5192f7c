"""The reward of ``reward`` for n environments at once, as free functions on tensors of any device.

``WaypointReward`` is the same in scalars, for one environment on the CPU; tests hold the two
together. Nothing here copies to the host, so a batch that lives on a GPU stays there.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from xsim_core.sim.reward import Goals
from xsim_core.sim.task import TaskSpec

Axis = tuple[float, float, float] | None


@dataclass(frozen=True)
class BatchGoals:
    """``Goals`` as tensors: k waypoints and the scales of their errors."""

    centres: Tensor
    """(k, 3) world, metres."""
    quats_wxyz: Tensor
    """(k, 4)."""
    position_scales: Tensor
    """(k,) in 1/m."""
    rotation_scales: Tensor
    """(k,) in 1/rad."""

    @staticmethod
    def on(
        device: torch.device | str, goals: Goals, dtype: torch.dtype = torch.float32
    ) -> "BatchGoals":
        """The same numbers on a device."""
        arrays = (goals.centres, goals.quats_wxyz, goals.position_scales, goals.rotation_scales)
        return BatchGoals(*(torch.as_tensor(a, dtype=dtype, device=device) for a in arrays))


@dataclass(frozen=True)
class BatchSituation:
    """What the reward looks at, in n environments."""

    tcp: Tensor
    """(n, 3) world, metres."""
    centre: Tensor
    """(n, 3) the object's centre, world, metres."""
    quat_wxyz: Tensor
    """(n, 4) the object's rotation."""
    object_speed: Tensor
    """(n,) m/s."""
    arm_speed: Tensor
    """(n,) norm of the arm's joint velocities, rad/s."""
    is_grasped: Tensor
    """(n,) bool."""


@dataclass(frozen=True)
class GoalErrors:
    """How far n objects are from each of k waypoints."""

    position: Tensor
    """(n, k) metres."""
    rotation: Tensor
    """(n, k) radians."""

    def at(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Both (n,), to the waypoint (n,) of each."""
        column = index[:, None]
        return self.position.gather(1, column)[:, 0], self.rotation.gather(1, column)[:, 0]


def goal_errors(now: BatchSituation, goals: BatchGoals, symmetric_axis: Axis) -> GoalErrors:
    """Errors (n, k) to all waypoints."""
    away = now.centre[:, None] - goals.centres
    turned = rotation_errors(now.quat_wxyz[:, None], goals.quats_wxyz, symmetric_axis)
    return GoalErrors(away.norm(dim=-1), turned)


def rotation_errors(a: Tensor, b: Tensor, symmetric_axis: Axis = None) -> Tensor:
    """Angles (...) between quaternions (..., 4) wxyz; about a symmetric axis, of the axes only.

    By arctangents, which are exact near zero too, where an arccosine of float32 is off by 5e-4 rad.
    """
    vector = a[..., :1] * b[..., 1:] - b[..., :1] * a[..., 1:] - _cross(a[..., 1:], b[..., 1:])
    w = (a * b).sum(dim=-1)
    if symmetric_axis is None:
        return 2.0 * torch.atan2(vector.norm(dim=-1), w.abs())
    # The axis as the rotation from a to b turns it, in the frame of a.
    axis = torch.tensor(symmetric_axis, dtype=a.dtype, device=a.device).expand_as(vector)
    t = 2.0 * _cross(vector, axis)
    turned = axis + w[..., None] * t + _cross(vector, t)
    return torch.atan2(_cross(axis, turned).norm(dim=-1), (axis * turned).sum(dim=-1))


def advance(index: Tensor, errors: GoalErrors, task: TaskSpec) -> Tensor:
    """Waypoint indices (n,) after this step: never lower, and further where one is reached."""
    k = torch.arange(errors.position.shape[1], device=index.device)
    is_near = errors.position < task.waypoint_position_m
    is_near &= errors.rotation < task.waypoint_rotation_rad
    ahead = k >= index[:, None] if task.may_skip_waypoints else k == index[:, None]
    reached = torch.where(is_near & ahead, k + 1, 0).amax(dim=1)
    return torch.maximum(index, reached).clamp(max=len(k) - 1)


def successes(now: BatchSituation, errors: GoalErrors, task: TaskSpec) -> Tensor:
    """(n,) bool: whether the object rests within tolerance of the last waypoint."""
    return (
        (errors.position[:, -1] < task.success_position_m)
        & (errors.rotation[:, -1] < task.success_rotation_rad)
        & (now.object_speed < task.success_object_speed_m_s)
    )


def reward_terms(
    now: BatchSituation, index: Tensor, errors: GoalErrors, goals: BatchGoals, task: TaskSpec
) -> dict[str, Tensor]:
    """The weighted terms (n,) at waypoint indices (n,); their sum is the reward."""
    weight, success = task.reward, successes(now, errors, task).to(now.tcp.dtype)
    distance = (now.tcp - now.centre).norm(dim=-1)
    position, rotation = errors.at(index)
    near = 1.0 - 0.5 * (torch.tanh(3 * distance) + torch.tanh(30 * distance))
    close = 1.0 - torch.tanh(goals.position_scales[index] * position)
    aligned = 1.0 - torch.tanh(goals.rotation_scales[index] * rotation)
    held = now.is_grasped.to(now.tcp.dtype) * float(task.must_grasp)
    return {
        "approach": weight.approach * near,
        "grasp": weight.grasp * held,
        "goal_position": weight.goal_position * close,
        "goal_rotation": weight.goal_rotation * aligned,
        "waypoint": weight.waypoint * index.to(now.tcp.dtype),
        "static": weight.static * success * (1.0 - torch.tanh(5 * now.arm_speed)),
        "success": weight.success * success,
    }


def rotate(quat_wxyz: Tensor, v: Tensor) -> Tensor:
    """Vectors (..., 3) turned by quaternions (..., 4)."""
    t = 2.0 * _cross(quat_wxyz[..., 1:], v)
    return v + quat_wxyz[..., :1] * t + _cross(quat_wxyz[..., 1:], t)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.cross(*torch.broadcast_tensors(a, b))
