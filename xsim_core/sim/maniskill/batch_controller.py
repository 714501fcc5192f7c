"""``controller`` for n arms at once, on tensors of any device: the same targets on CPU and GPU.

The scalars there are the fast twin for one environment; tests hold the two together. Nothing here
copies to the host.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from xsim_core.errors import BadInputError
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.controller import (
    FINGER_OPEN_M,
    FINGER_SQUEEZE_M,
    JOINT_HIGH,
    JOINT_LOW,
    LINK7_TCP,
    LINK_OFFSETS,
)
from xsim_core.sim.task import NO_OFFSET, Physics, TaskSpec

TASK_ACTIONS = "xsim_task"
"""The control mode that ManiSkill does not have: the task's own actions, as the teacher's are."""


def check_task_actions(physics: Physics) -> None:
    """Refuse an arm that does not do at once and exactly what it is told.

    Raises:
        BadInputError: with what it would take.
    """
    for name, value in (
        ("action_latency_steps", physics.action_latency_steps),
        ("joint_offset_rad", 0 if physics.joint_offset_rad == NO_OFFSET else "other than 0"),
    ):
        if value:
            raise BadInputError(
                f"control_mode '{TASK_ACTIONS}' executes actions at once and has encoders without "
                f"an error, and the physics has {name} {value}. Give one with 0."
            )


def forward_kinematics(q: Tensor) -> tuple[Tensor, Tensor]:
    """``T_world_tcp`` (n, 4, 4) and the Jacobian (n, 6, 7), linear rows first, at joints (n, 7)."""
    offsets, last = (torch.as_tensor(a).to(q) for a in (LINK_OFFSETS, LINK7_TCP))
    c, s, zero, one = torch.cos(q), torch.sin(q), torch.zeros_like(q), torch.ones_like(q)
    rows = (c, -s, zero, zero, s, c, zero, zero, zero, zero, one, zero, zero, zero, zero, one)
    local = offsets @ torch.stack(rows, dim=-1).unflatten(-1, (4, 4))
    links = [local[:, 0]]
    for i in range(1, 7):
        links.append(links[-1] @ local[:, i])
    T_world_tcp, chain = links[-1] @ last, torch.stack(links, dim=1)
    axes = chain[:, :, :3, 2]
    arm = T_world_tcp[:, None, :3, 3] - chain[:, :, :3, 3]
    linear = torch.linalg.cross(axes, arm)
    return T_world_tcp, torch.cat([linear, axes], dim=-1).transpose(1, 2)


def grippers_down(yaw: Tensor) -> Tensor:
    """Rotations (n, 3, 3) of TCPs that point down, turned by yaws (n,) about the world's z."""
    c, s, zero = torch.cos(yaw), torch.sin(yaw), torch.zeros_like(yaw)
    rows = (c, s, zero, s, -c, zero, zero, zero, zero - 1.0)
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def dls_step(q: Tensor, position: Tensor, R_world_tcp: Tensor, *, damping: float = 0.03) -> Tensor:
    """One damped-least-squares step of joints (n, 7) towards TCP poses (Wampler 1986).

    Args:
        q: (n, 7).
        position: (n, 3) metres.
        R_world_tcp: (n, 3, 3).
        damping: of the pseudo-inverse.

    Returns:
        (n, 7) within the joints' limits.
    """
    T, J = forward_kinematics(q)
    R = R_world_tcp @ T[:, :3, :3].transpose(1, 2)
    skew = (R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1])
    error = torch.cat([position - T[:, :3, 3], 0.5 * torch.stack(skew, dim=-1)], dim=-1)
    gram = J @ J.transpose(1, 2) + damping**2 * torch.eye(6, dtype=q.dtype, device=q.device)
    # Without a check of the factorisation, which would wait for the device: gram is positive.
    factor = torch.linalg.cholesky_ex(gram).L
    dq = J.transpose(1, 2) @ torch.cholesky_solve(error[..., None], factor)
    low, high = (torch.as_tensor(limit).to(q) for limit in (JOINT_LOW, JOINT_HIGH))
    return torch.clamp(q + dq[..., 0], low, high)


@dataclass
class BatchController:
    """``EndEffectorController`` of n arms: actions in [-1, 1] to joint targets."""

    task: TaskSpec
    low: Tensor
    """(3,) of the box that the commanded TCP stays in, world, metres."""
    high: Tensor
    """(3,)."""
    q_target: Tensor
    """(n, 7) joints commanded last."""
    position: Tensor
    """(n, 3) TCP commanded last."""
    yaw: Tensor
    """(n,)."""
    finger_m: Tensor
    """(n,) target of each finger."""

    @staticmethod
    def of(
        assets: SimAssets, task: TaskSpec, num_envs: int, device: torch.device, dtype: torch.dtype
    ) -> "BatchController":
        """A controller whose arms are yet to be ``reset``."""

        def zeros(*more: int) -> Tensor:
            return torch.zeros(num_envs, *more, device=device, dtype=dtype)

        low, high = (
            torch.tensor(corner, device=device, dtype=dtype)
            for corner in (assets.workspace_low, assets.workspace_high)
        )
        return BatchController(task, low, high, zeros(7), zeros(3), zeros(), zeros())

    def reset(self, env_idx: Tensor, qpos: Tensor) -> None:
        """Start the arms (b,) of ``env_idx`` from their measured joints and fingers (b, 9)."""
        q = qpos[:, :7].to(self.q_target)
        T, _ = forward_kinematics(q)
        self.q_target[env_idx] = q
        self.position[env_idx] = torch.clamp(T[:, :3, 3], self.low, self.high)
        self.yaw[env_idx] = torch.atan2(T[:, 1, 0], T[:, 0, 0])
        opened = qpos[:, 7].to(self.finger_m)
        self.finger_m[env_idx] = opened * float(self.task.must_grasp)

    def command(self, action: Tensor, tcp_position: Tensor, *, gain: float = 1.0) -> Tensor:
        """Targets of arms and fingers (n, 9).

        Args:
            action: (n, a) in [-1, 1], laid out as ``TaskSpec.action_names``.
            tcp_position: measured, (n, 3) metres.
            gain: executed over commanded displacement.
        """
        task, names = self.task, self.task.action_names
        action, tcp_position = (part.to(self.position) for part in (action, tcp_position))
        goal = self.position + action[:, :3] * (task.action_position_m * gain)
        lead = goal - tcp_position
        distance = lead.norm(dim=-1, keepdim=True)
        near = tcp_position + lead * (task.tcp_lead_m / distance.clamp(min=1e-9))
        goal = torch.where(distance > task.tcp_lead_m, near, goal)
        self.position = torch.clamp(goal, self.low, self.high)
        if "dyaw" in names:
            self.yaw = self.yaw + action[:, names.index("dyaw")] * (task.action_yaw_rad * gain)
        if "gripper" in names:
            span = FINGER_OPEN_M - FINGER_SQUEEZE_M
            opened = 0.5 * (action[:, names.index("gripper")] + 1.0)
            self.finger_m = FINGER_SQUEEZE_M + opened * span
        self.q_target = dls_step(self.q_target, self.position, grippers_down(self.yaw))
        fingers = self.finger_m[:, None].expand(-1, 2)
        return torch.cat([self.q_target, fingers], dim=-1)
