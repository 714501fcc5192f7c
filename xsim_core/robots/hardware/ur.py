"""Universal Robots, by ``ur-rtde``: e-Series, CB3 and UR20/30, in remote control.

Never run on hardware here; calls, units and frames were checked against ur-rtde 1.6.5.

- Poses are metres and a rotation vector in the frame that PolyScope calls *Base*, which is the
  world here. The TCP is the one that is set in PolyScope: it has to lie between the fingertips, its
  z along the fingers, its y across them.
- ``servoL`` goes to one target in ``PERIOD_S`` and smooths over ``LOOKAHEAD_S``; that is what it
  lags. Its speed and acceleration are not used by the library; ours bound them.
- It has no gripper of its own: one is given, or the fingers are said to be closed for good.
"""

from typing import Any, Protocol

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp, so3_log
from xsim_core.robots.driver import Observation, RobotInfo, RobotLostError, RobotState, TcpTarget

from .arm import HardwareArm
from .clock import RobotClock
from .frames import pose_of
from .hand import Hand
from .packages import package
from .sender import Sender

PERIOD_S, LOOKAHEAD_S, GAIN = 0.01, 0.1, 300.0
"""Of servoL: of a stream at 100 Hz; ranges are 0.03 to 0.2 s and 100 to 2000 (its docstring)."""
BRAKE_M_S2 = 10.0
"""Of servoStop: ur-rtde's default."""


class UrGripper(Protocol):
    """Whatever is bolted to the flange."""

    max_m: float
    """The largest opening."""

    def read(self) -> float:
        """The opening, metres."""
        ...

    def move(self, opening_m: float) -> None:
        """Go there; may wait until it is."""
        ...


class UrRobot(HardwareArm):
    """A Universal Robot."""

    name = "ur"

    def __init__(self, host: str, *, model: str = "ur", gripper: UrGripper | None = None) -> None:
        """Say where it is.

        Args:
            host: its address.
            model: such as ``ur5e``: the robot does not say by RTDE what it is.
            gripper: what is bolted to its flange.
        """
        super().__init__(f"the UR at {host}")
        self._host, self._model, self._gripper = host, model, gripper
        self._receive: Any = None
        self._control: Any = None
        self._clock = RobotClock()

    def connect(self) -> RobotInfo:
        """As ``RobotDriver`` has it.

        Raises:
            MissingDependencyError: without ur-rtde.
        """
        receive, control = package("rtde_receive"), package("rtde_control")
        try:
            self._receive = receive.RTDEReceiveInterface(self._host)
            self._control = control.RTDEControlInterface(self._host)
        except RuntimeError as error:
            self.close()
            raise RobotLostError(
                f"{self._called} does not answer: {error}. It must be on, released and in "
                "remote control, with RTDE enabled."
            ) from error
        self._clock = RobotClock()
        self._sender = Sender(self._called, self._servo, self._brake)
        if self._gripper is not None:
            self._hand = Hand(self._gripper.read, self._gripper.move)
        state = self.observe().state
        max_m = 0.0 if self._gripper is None else self._gripper.max_m
        return RobotInfo(self._model, len(state.qpos), max_m, camera=None, T_world_cam=None)

    def observe(self) -> Observation:
        """As ``RobotDriver`` has it."""
        self._check()
        receive = self._receive
        if not receive.isConnected():
            raise RobotLostError(f"the link to {self._called} is gone.")
        if receive.isProtectiveStopped() or receive.isEmergencyStopped():
            raise RobotLostError(
                f"{self._called} is in a protective or emergency stop: look, then release "
                "it on its pendant."
            )
        pose = np.array(receive.getActualTCPPose())
        return Observation(
            RobotState(
                time_s=self._clock.local(float(receive.getTimestamp())),
                qpos=np.array(receive.getActualQ(), np.float64),
                qvel=np.array(receive.getActualQd(), np.float64),
                T_world_tcp=make_se3(so3_exp(pose[3:]), pose[:3]),
                gripper_m=self._opening_m(),
                force_n=np.array(receive.getActualTCPForce()[:3], np.float64),
            ),
            frame=None,
        )

    def _let_go(self) -> None:
        if self._control is not None:
            self._control.stopScript()
            self._control.disconnect()
        if self._receive is not None:
            self._receive.disconnect()
        self._control = self._receive = None

    def _servo(self, target: TcpTarget) -> None:
        if not self._control.servoL(ur_pose(target), 0.0, 0.0, PERIOD_S, LOOKAHEAD_S, GAIN):
            raise BadInputError("it refused servoL; its log on the pendant says why")

    def _brake(self) -> None:
        self._control.servoStop(BRAKE_M_S2)


def ur_pose(target: TcpTarget) -> list[float]:
    """x, y, z in metres and a rotation vector, its length the angle in radians."""
    T = pose_of(target)
    return [*T[:3, 3].tolist(), *so3_log(T[:3, :3]).tolist()]
