"""Franka's Panda (FER) and FR3, by ``franky-control``.

Never run on hardware here; calls, units, frames and defaults were checked against version 2.0.0.

- The end effector is the one that is set in Desk: the Franka Hand, whose frame lies between the
  fingertips, z along the fingers, y across them. That is the TCP here, and the base is the world.
- Targets are followed by franky's Cartesian impedance tracker, a torque controller that this
  process runs at 1 kHz: it needs a kernel with PREEMPT_RT. With critical damping it lags
  2 v / sqrt(stiffness), 21 mm at 0.3 m/s; nothing but the arm's friction holds against gravity's
  model, so it stands some millimetres off.
- libfranka counts forces that the robot exerts as positive (``O_F_ext_hat_K``); here they are those
  on the TCP.
- When this process dies, the robot stops by its own reflex.
"""

import contextlib
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from xsim_core.robots.driver import Observation, RobotInfo, RobotLostError, RobotState, TcpTarget

from .arm import HardwareArm
from .clock import RobotClock
from .frames import pose_of
from .hand import Hand
from .packages import package
from .sender import Sender

STIFFNESS_N_M, STIFFNESS_NM_RAD = 800.0, 50.0
"""As in the example of franky's tracker; its own default for rotation."""
HAND_M_S, GRASP_N = 0.1, 20.0
"""The Franka Hand's speed, and the force with which fingers close on what is between them."""
HAND_M = 0.08


class FrankaRobot(HardwareArm):
    """A Franka arm with the Franka Hand."""

    name = "franka"

    def __init__(self, host: str) -> None:
        super().__init__(f"the Franka at {host}")
        self._host = host
        self._franky: Any = None
        self._robot: Any = None
        self._tracker: Any = None
        self._gripper: Any = None
        self._clock = RobotClock()

    def connect(self) -> RobotInfo:
        """As ``RobotDriver`` has it.

        Raises:
            MissingDependencyError: without franky-control.
        """
        self._franky = package("franky")
        try:
            self._robot = self._franky.Robot(self._host)
            self._gripper = self._franky.Gripper(self._host)
            self._hand = Hand(self._read_hand, self._move_hand)
        except self._franky.Exception as error:
            self.close()
            raise RobotLostError(f"{self._called} does not answer: {error}") from error
        self._clock = RobotClock()
        self._sender = Sender(self._called, self._track, self._brake)
        self.observe()
        return RobotInfo(self._model(), 7, HAND_M, camera=None, T_world_cam=None)

    def observe(self) -> Observation:
        """As ``RobotDriver`` has it."""
        self._check()
        try:
            state = self._robot.state
        except self._franky.Exception as error:
            raise RobotLostError(f"the link to {self._called} is gone: {error}") from error
        return Observation(
            RobotState(
                time_s=self._clock.local(state.time.to_sec()),
                qpos=np.array(state.q, np.float64),
                qvel=np.array(state.dq, np.float64),
                T_world_tcp=np.array(state.O_T_EE.matrix, np.float64),
                gripper_m=self._opening_m(),
                force_n=-np.array(state.O_F_ext_hat_K, np.float64)[:3],
            ),
            frame=None,
        )

    def _let_go(self) -> None:
        self._tracker = self._gripper = self._robot = None

    def _track(self, target: TcpTarget) -> None:
        if self._tracker is None:  # At the beginning, and after each halt: from where it stands.
            self._tracker = self._franky.CartesianImpedanceTracker(
                self._robot,
                translational_stiffness=STIFFNESS_N_M,
                rotational_stiffness=STIFFNESS_NM_RAD,
            )
        if not self._tracker.is_running:
            self._robot.join_motion(0.0)  # It raises what ended the motion.
            raise RobotLostError("its controller ended")
        self._tracker.set_target(self._franky.Affine(pose_of(target)))

    def _brake(self) -> None:
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.stop()

    def _read_hand(self) -> float:
        return float(self._gripper.width)

    def _move_hand(self, opening_m: float) -> None:
        """Open without force, close with it: what is between the fingers stops them."""
        if opening_m > self._read_hand():
            self._gripper.move(min(opening_m, HAND_M), HAND_M_S)
            return
        with contextlib.suppress(self._franky.CommandException):  # Nothing was between them.
            self._gripper.grasp(
                max(opening_m, 0.0), HAND_M_S, GRASP_N, epsilon_inner=HAND_M, epsilon_outer=HAND_M
            )

    def _model(self) -> str:
        """``panda`` or ``fr3``, as its own URDF says; the Panda has none to give."""
        with contextlib.suppress(self._franky.Exception, ET.ParseError):
            return ET.fromstring(self._robot.model_urdf).get("name", "panda")
        return "panda"
