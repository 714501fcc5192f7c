"""UFACTORY's xArm 5, 6, 7 and 850, by ``xarm-python-sdk``.

Never run on hardware here; calls, units, frames and codes were checked against version 1.18.4.

- The SDK speaks millimetres, and degrees unless told: it is told radians. Poses are roll, pitch and
  yaw about fixed axes in the frame of the arm's base, which is the world here.
- The TCP is the offset that is set in UFACTORY Studio: it has to lie between the fingertips.
- It answers positions without a robot too (a default pose): what it says counts once a report came,
  and is as old as the last report. They come 100 times a second where they are asked for
  (``report_type="real"``), without joint speeds, which are differences here.
- Servo mode executes only the last pose sent, and moves there as fast as it can: a stream of small
  steps is what it is for.
- Nearly every call answers a code and raises nothing; the constructor raises a plain ``Exception``.
"""

import threading
import time
from typing import Any

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3
from xsim_core.robots.driver import Observation, RobotInfo, RobotLostError, RobotState, TcpTarget

from .arm import HardwareArm
from .frames import matrix_to_rpy, pose_of, rpy_to_matrix
from .hand import Hand
from .packages import package
from .sender import Sender

GRIPPER_M, GRIPPER_PULSES = 0.084, 840.0
"""The xArm gripper's stroke; a tenth of a millimetre a pulse, nominally."""
SERVO_MODE, MOTION, STOPPED = 1, 0, 4
"""Of ``set_mode``, and of ``set_state``."""
ACCEPTED = (0, 2)
"""Codes of a command that is carried out; 2 says that there is a warning, too."""
PATIENCE_S = 5.0
MM = 1000.0


class XArmRobot(HardwareArm):
    """An xArm, with UFACTORY's gripper where it has one."""

    name = "xarm"

    def __init__(self, host: str, *, has_gripper: bool = True) -> None:
        super().__init__(f"the xArm at {host}")
        self._host, self._has_gripper = host, has_gripper
        self._arm: Any = None
        self._state: RobotState | None = None
        self._has_state = threading.Event()
        self._is_ready = False

    def connect(self) -> RobotInfo:
        """As ``RobotDriver`` has it.

        Raises:
            MissingDependencyError: without xarm-python-sdk.
        """
        api = package("xarm.wrapper").XArmAPI
        try:
            self._arm = api(self._host, is_radian=True, report_type="real")
        except Exception as error:
            raise RobotLostError(f"{self._called} does not answer: {error}") from error
        self._arm.register_report_location_callback(self._heard)
        if not self._has_state.wait(PATIENCE_S):
            self.close()
            raise RobotLostError(f"{self._called} says nothing of its state.")
        self._accept(self._arm.motion_enable(enable=True), "motion_enable")
        self._sender = Sender(self._called, self._servo, self._brake)
        if self._has_gripper:
            self._accept(self._arm.set_gripper_mode(0), "set_gripper_mode")
            self._accept(self._arm.set_gripper_enable(enable=True), "set_gripper_enable")
            self._hand = Hand(self._read_gripper, self._move_gripper)
        axes = int(self._arm.axis)
        max_m = GRIPPER_M if self._has_gripper else 0.0
        return RobotInfo(f"xarm{axes}", axes, max_m, camera=None, T_world_cam=None)

    def observe(self) -> Observation:
        """As ``RobotDriver`` has it."""
        self._check()
        if not self._arm.connected or self._state is None:
            raise RobotLostError(f"the link to {self._called} is gone.")
        return Observation(self._state, frame=None)

    def _let_go(self) -> None:
        if self._arm is not None:
            self._arm.disconnect()
        self._arm = None

    def _heard(self, report: dict[str, list[float]]) -> None:
        """What the SDK's own thread calls with each report: mm and radians, seven joints."""
        now_s, before = time.monotonic(), self._state
        x, y, z, roll, pitch, yaw = report["cartesian"]
        qpos = np.array(report["joints"][: int(self._arm.axis)], np.float64)
        qvel = np.zeros_like(qpos)
        if before is not None and now_s > before.time_s:
            qvel = (qpos - before.qpos) / (now_s - before.time_s)
        self._state = RobotState(
            time_s=now_s,
            qpos=qpos,
            qvel=qvel,
            T_world_tcp=make_se3(rpy_to_matrix(roll, pitch, yaw), np.array([x, y, z]) / MM),
            gripper_m=self._opening_m(),
            force_n=np.full(3, np.nan),
        )
        self._has_state.set()

    def _servo(self, target: TcpTarget) -> None:
        if not self._is_ready:  # At the beginning, and after each halt.
            self._accept(self._arm.set_mode(SERVO_MODE), "set_mode")
            self._accept(self._arm.set_state(MOTION), "set_state")
            self._is_ready = True
        self._accept(self._arm.set_servo_cartesian(xarm_pose(target)), "set_servo_cartesian")

    def _brake(self) -> None:
        self._is_ready = False
        self._arm.set_state(STOPPED)

    def _read_gripper(self) -> float:
        code, pulses = self._arm.get_gripper_position()
        self._accept(code, "get_gripper_position")
        return float(np.clip(pulses / GRIPPER_PULSES, 0, 1)) * GRIPPER_M

    def _move_gripper(self, opening_m: float) -> None:
        pulses = round(GRIPPER_PULSES * min(max(opening_m / GRIPPER_M, 0.0), 1.0))
        self._accept(self._arm.set_gripper_position(pulses, wait=False), "set_gripper_position")

    def _accept(self, code: int, call: str) -> None:
        if code not in ACCEPTED:
            raise BadInputError(
                f"{call} answers code {code} (UFACTORY's list of API codes says what it is; the "
                f"arm's own error is {self._arm.error_code})"
            )


def xarm_pose(target: TcpTarget) -> list[float]:
    """x, y, z in millimetres, roll, pitch, yaw in radians."""
    T = pose_of(target)
    return [*(MM * T[:3, 3]).tolist(), *matrix_to_rpy(T[:3, :3])]
