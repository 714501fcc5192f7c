"""End-effector control of the Panda: kinematics and damped least squares, in plain NumPy.

ManiSkill's own end-effector controller costs two thirds of an environment step on the CPU, and
its CPU and GPU solvers move differently; joint targets from here are the same on both.
"""

import contextlib
import functools
import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.geometry.arrays import SE3, SO3, ArmJacobian, ArmJoints, Command, Vectors3

from .kernel import ArmKernel
from .task import TaskSpec

# Modified (Craig) Denavit-Hartenberg rows (a, d, alpha): Franka Control Interface documentation.
_DH = (
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -math.pi / 2),
    (0.0, 0.316, math.pi / 2),
    (0.0825, 0.0, math.pi / 2),
    (-0.0825, 0.384, -math.pi / 2),
    (0.0, 0.0, math.pi / 2),
    (0.088, 0.0, math.pi / 2),
)
FLANGE_M, TCP_M = 0.107, 0.1034
DAMPING = 0.03
"""Of a step that a command makes: near the workspace's edge joints turn no faster for it."""
JOINT_LOW = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
JOINT_HIGH = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
QPOS_REST = np.array([0.0, math.pi / 8, 0.0, -5 * math.pi / 8, 0.0, 3 * math.pi / 4, math.pi / 4])
"""ManiSkill's rest keyframe: the hand points down in front of the base."""
FINGER_OPEN_M = 0.04
FINGER_SQUEEZE_M = -0.01
"""Target of a closing command: below zero, so that the drive keeps squeezing (X-Sim 3.2)."""


def _link_offsets() -> NDArray[np.float64]:
    rows = []
    for a, d, alpha in _DH:
        c, s = math.cos(alpha), math.sin(alpha)
        rows.append([[1, 0, 0, a], [0, c, -s, -s * d], [0, s, c, c * d], [0, 0, 0, 1]])
    return np.array(rows)


LINK_OFFSETS = _link_offsets()
_c = math.cos(-math.pi / 4)
LINK7_TCP = np.array([[_c, _c, 0, 0], [-_c, _c, 0, 0], [0, 0, 1, FLANGE_M + TCP_M], [0, 0, 0, 1]])


def forward_kinematics(
    q: ArmJoints,
) -> tuple[SE3, ArmJacobian]:
    """``T_world_tcp`` (4, 4) and the Jacobian (6, 7), linear rows first, at joints (7,)."""
    turn = np.zeros((7, 4, 4))
    c, s = np.cos(q), np.sin(q)
    turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1] = c, -s, s, c
    turn[:, 2, 2] = turn[:, 3, 3] = 1.0
    local = LINK_OFFSETS @ turn
    links = np.empty((7, 4, 4))
    T = links[0] = local[0]
    for i in range(1, 7):
        T = links[i] = T @ local[i]
    T_world_tcp = T @ LINK7_TCP
    axes = links[:, :3, 2]
    arm = T_world_tcp[:3, 3] - links[:, :3, 3]
    J = np.empty((6, 7))
    J[0] = axes[:, 1] * arm[:, 2] - axes[:, 2] * arm[:, 1]
    J[1] = axes[:, 2] * arm[:, 0] - axes[:, 0] * arm[:, 2]
    J[2] = axes[:, 0] * arm[:, 1] - axes[:, 1] * arm[:, 0]
    J[3:] = axes.T
    return T_world_tcp, J


def gripper_down(yaw: float) -> SO3:
    """Rotation (3, 3) of a TCP that points down, turned by ``yaw`` about the world's z."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])


def tcp_yaw(R_world_tcp: SO3) -> float:
    """Yaw of a TCP rotation (3, 3), inverse of ``gripper_down``."""
    return math.atan2(R_world_tcp[1, 0], R_world_tcp[0, 0])


def dls_step(
    q: ArmJoints,
    position: Vectors3,
    R_world_tcp: SO3,
    *,
    damping: float = DAMPING,
) -> tuple[ArmJoints, float]:
    """One damped-least-squares step of joints (7,) towards a TCP pose, and the error before it.

    Wampler 1986: dq = J^T (J J^T + damping^2 I)^-1 e. The error is in metres plus radians.
    """
    T, J = forward_kinematics(q)
    error = np.empty(6)
    error[:3] = position - T[:3, 3]
    R = R_world_tcp @ T[:3, :3].T
    # The skew part is the rotation vector for small angles, and points along it for large ones.
    error[3:] = 0.5 * (R[2, 1] - R[1, 2]), 0.5 * (R[0, 2] - R[2, 0]), 0.5 * (R[1, 0] - R[0, 1])
    gram = J @ J.T
    gram[np.arange(6), np.arange(6)] += damping * damping
    dq = J.T @ np.linalg.solve(gram, error)
    return np.clip(q + dq, JOINT_LOW, JOINT_HIGH), float(np.abs(error).sum())


@functools.cache
def _kernel() -> ArmKernel | None:
    """The same step compiled; None without a compiler, where NumPy's does."""
    with contextlib.suppress(MissingDependencyError):
        return ArmKernel(
            link_offsets=LINK_OFFSETS,
            link7_tcp=LINK7_TCP,
            joint_low=JOINT_LOW,
            joint_high=JOINT_HIGH,
        )
    return None


def quick_dls_step(q: ArmJoints, position: Vectors3, R_world_tcp: SO3) -> ArmJoints:
    """``dls_step`` of joints (7,) to rounding, in a tenth of its time where it can be compiled."""
    kernel = _kernel()
    if kernel is None:
        return dls_step(q, position, R_world_tcp)[0]
    return kernel.step(q, position, R_world_tcp, DAMPING)


def inverse_kinematics(
    position: Vectors3, yaw: float, *, q_start: ArmJoints = QPOS_REST
) -> ArmJoints:
    """Joints (7,) that hold the gripper down at a TCP position (3,) in metres.

    Raises:
        BadInputError: when the pose is out of reach.
    """
    q, R = q_start.copy(), gripper_down(yaw)
    error = math.inf
    for _ in range(200):
        q, error = dls_step(q, np.asarray(position, float), R, damping=0.01)
        if error < 1e-6:
            return q
    if error > 1e-3:
        raise BadInputError(
            f"the robot cannot reach TCP {np.round(position, 3).tolist()} with yaw {yaw:.2f} "
            f"(error {error:.3f}); the object lies outside the Panda's workspace (0.3 to 0.7 m)"
        )
    return q


class EndEffectorController:
    """Turns actions in [-1, 1] into joint targets; keeps the commanded TCP in a box.

    The command integrates from command to command (not from the measured pose, which would sag),
    but never leads the measured TCP by more than ``lead_m``.
    """

    def __init__(
        self,
        *,
        low: Vectors3,
        high: Vectors3,
        position_scale_m: float,
        yaw_scale_rad: float,
        lead_m: float,
        action_names: tuple[str, ...],
    ) -> None:
        self.low, self.high, self.lead_m = low, high, lead_m
        self.position_scale_m, self.yaw_scale_rad = position_scale_m, yaw_scale_rad
        # Where the action holds them; None for what does not move.
        self._dyaw, self._gripper = (
            action_names.index(name) if name in action_names else None
            for name in ("dyaw", "gripper")
        )
        self.q_target = QPOS_REST.copy()
        self.position = np.zeros(3)
        self.yaw = 0.0
        self.finger_m = 0.0

    @staticmethod
    def of_task(task: TaskSpec, low: Vectors3, high: Vectors3) -> "EndEffectorController":
        """The controller of a task's actions, in a box of corners (3,) in the world, metres."""
        return EndEffectorController(
            low=low,
            high=high,
            position_scale_m=task.action_position_m,
            yaw_scale_rad=task.action_yaw_rad,
            lead_m=task.tcp_lead_m,
            action_names=task.action_names,
        )

    def reset(self, q_arm: ArmJoints, *, finger_m: float) -> None:
        """Start from measured joints (7,)."""
        T, _ = forward_kinematics(q_arm)
        self.q_target = q_arm.copy()
        self.position = np.clip(T[:3, 3], self.low, self.high)
        self.yaw = tcp_yaw(T[:3, :3])
        self.finger_m = finger_m

    def command(self, action: Command, tcp_position: Vectors3, *, gain: float = 1.0) -> ArmJoints:
        """Joint targets (7,); the finger target is in ``finger_m``.

        Args:
            action: (a,) in [-1, 1], laid out as ``TaskSpec.action_names``.
            tcp_position: measured, (3,) metres.
            gain: executed over commanded displacement.
        """
        goal = self.position + action[:3] * (self.position_scale_m * gain)
        lead = goal - tcp_position
        distance = math.sqrt(float(lead @ lead))
        if distance > self.lead_m:
            goal = tcp_position + lead * (self.lead_m / distance)
        self.position = np.minimum(np.maximum(goal, self.low), self.high)
        if self._dyaw is not None:
            self.yaw += float(action[self._dyaw]) * self.yaw_scale_rad * gain
        if self._gripper is not None:
            span = FINGER_OPEN_M - FINGER_SQUEEZE_M
            self.finger_m = FINGER_SQUEEZE_M + 0.5 * (float(action[self._gripper]) + 1.0) * span
        self.q_target = quick_dls_step(self.q_target, self.position, gripper_down(self.yaw))
        return self.q_target
