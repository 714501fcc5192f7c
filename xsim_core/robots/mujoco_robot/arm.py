"""The arm's controller and physics: Cartesian targets in, joints out, one thread at a time."""

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import make_se3, matrix_to_quat_wxyz
from xsim_core.robots.driver import TcpTarget

from .model import TIMESTEP_S
from .panda import ARM, FINGERS

CYCLE_S = 0.01
"""Of the controller."""
NUM_SUBSTEPS = round(CYCLE_S / TIMESTEP_S)
DAMPING = 0.02
"""Of the least squares from TCP to joints."""
JOINT_SPEED_RAD_S = 2.0
FINGER_MAX_M = 0.04


class SimulatedArm:
    """Arm, object and table. ``advance`` moves time on by one cycle of the controller."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        self._plan = mujoco.MjData(model)
        self._tcp = model.site("tcp").id
        self._qadr = np.array([int(model.joint(n).qposadr[0]) for n in (*ARM, *FINGERS)])
        self._dof = np.array([int(model.joint(n).dofadr[0]) for n in (*ARM, *FINGERS)])
        self._object_adr = int(model.joint("object").qposadr[0])
        self._object_dof = int(model.joint("object").dofadr[0])
        limits = np.array([model.joint(n).range for n in ARM])
        self._low, self._high = limits[:, 0], limits[:, 1]
        self._q_target = np.zeros(7)
        self._finger_m = 0.0
        self._jacobian = np.zeros((6, model.nv))

    def reset(self, qpos: NDArray[np.float64], T_world_object: NDArray[np.float64]) -> None:
        """Place arm and fingers (9,) and the object (4, 4), all at rest."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._qadr] = qpos
        a, T = self._object_adr, T_world_object
        self.data.qpos[a : a + 3] = T[:3, 3]
        self.data.qpos[a + 3 : a + 7] = matrix_to_quat_wxyz(T[:3, :3])
        self._q_target, self._finger_m = qpos[:7].copy(), float(qpos[7])
        self._drive()
        mujoco.mj_forward(self.model, self.data)

    def advance(self, target: TcpTarget | None) -> None:
        """One cycle towards a target; None holds what is held."""
        if target is not None:
            self._follow(target)
            self._finger_m = float(np.clip(target.gripper_m / 2, 0, FINGER_MAX_M))
        self._drive()
        mujoco.mj_step(self.model, self.data, NUM_SUBSTEPS)

    def _drive(self) -> None:
        for name, value in zip(ARM, self._q_target, strict=True):
            self.data.actuator(name).ctrl = value
        for name in FINGERS:
            self.data.actuator(name).ctrl = self._finger_m

    def _follow(self, target: TcpTarget) -> None:
        """A damped-least-squares step of the joint targets (Wampler 1986), within their limits."""
        plan = self._plan
        plan.qpos[self._qadr[:7]] = self._q_target
        mujoco.mj_kinematics(self.model, plan)
        mujoco.mj_comPos(self.model, plan)
        J = self._jacobian_of(plan)
        R = plan.site_xmat[self._tcp].reshape(3, 3)
        turn = _down(target.yaw) @ R.T
        skew = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
        error = np.concatenate([target.position - plan.site_xpos[self._tcp], skew / 2])
        dq = J.T @ np.linalg.solve(J @ J.T + DAMPING**2 * np.eye(6), error)
        dq = np.clip(dq, -JOINT_SPEED_RAD_S * CYCLE_S, JOINT_SPEED_RAD_S * CYCLE_S)
        self._q_target = np.clip(self._q_target + dq, self._low, self._high)

    def _jacobian_of(self, data: mujoco.MjData) -> NDArray[np.float64]:
        """(6, 7) of the TCP, linear rows first."""
        mujoco.mj_jacSite(self.model, data, self._jacobian[:3], self._jacobian[3:], self._tcp)
        return self._jacobian[:, self._dof[:7]]

    @property
    def qpos(self) -> NDArray[np.float64]:
        """(7,)."""
        return self.data.qpos[self._qadr[:7]].copy()

    @property
    def qvel(self) -> NDArray[np.float64]:
        """(7,)."""
        return self.data.qvel[self._dof[:7]].copy()

    @property
    def gripper_m(self) -> float:
        """Opening."""
        return float(self.data.qpos[self._qadr[7:]].sum())

    @property
    def T_world_tcp(self) -> NDArray[np.float64]:
        """(4, 4)."""
        d = self.data
        return make_se3(d.site_xmat[self._tcp].reshape(3, 3), d.site_xpos[self._tcp])

    @property
    def force_n(self) -> NDArray[np.float64]:
        """(3,) on the TCP, as joint torques tell it: least squares through the Jacobian."""
        J = self._jacobian_of(self.data)
        torque = self.data.qfrc_constraint[self._dof[:7]]
        return np.linalg.lstsq(J.T, torque, rcond=None)[0][:3]

    @property
    def T_world_object(self) -> NDArray[np.float64]:
        """(4, 4)."""
        body = self.data.body("object")
        return make_se3(body.xmat.reshape(3, 3), body.xpos)

    @property
    def object_speed_m_s(self) -> float:
        """Of its origin."""
        a = self._object_dof
        return float(np.linalg.norm(self.data.qvel[a : a + 3]))


def _down(yaw: float) -> NDArray[np.float64]:
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])
