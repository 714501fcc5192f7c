"""What a robot is to whoever lets it act: a few numbers and pictures in, a few numbers out.

Frames are the house's: the robot's base is the world, x forward, z up; metres, radians, newtons.
The TCP is the point between the fingertips, its z along the fingers, its y across them.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import XSimError
from xsim_core.geometry import PinholeCamera


class RobotLostError(XSimError):
    """The robot does not answer any more."""


@dataclass(frozen=True)
class RobotState:
    """What the encoders say."""

    time_s: float
    """When it was so, on this machine's ``time.monotonic`` clock; a driver of a robot with a clock
    of its own converts."""
    qpos: NDArray[np.float64]
    """(j,) joints of the arm, radians."""
    qvel: NDArray[np.float64]
    """(j,) radians a second."""
    T_world_tcp: NDArray[np.float64]
    """(4, 4)."""
    gripper_m: float
    """Opening between the fingertips, metres; 0 is closed."""
    force_n: NDArray[np.float64]
    """(3,) external force on the TCP as the robot estimates it, world axes; NaN where it does
    not."""


@dataclass(frozen=True)
class CameraFrame:
    """One picture, and depth where the camera has it."""

    time_s: float
    """When it was taken; as ``RobotState.time_s``."""
    rgb: NDArray[np.uint8]
    """(h, w, 3)."""
    depth_mm: NDArray[np.uint16] | None
    """(h, w) aligned to colour; 0 is no measurement."""


@dataclass(frozen=True)
class Observation:
    """The latest of each that has come."""

    state: RobotState
    frame: CameraFrame | None
    """None until the first picture, and where the robot has no camera."""


@dataclass(frozen=True)
class TcpTarget:
    """Where the TCP shall be: an absolute pose, so that a lost message moves nothing."""

    position: NDArray[np.float64]
    """(3,) metres, world frame."""
    yaw: float
    """The hand points down, turned by this about the vertical; radians."""
    gripper_m: float
    """Opening between the fingertips."""

    def vector(self) -> NDArray[np.float64]:
        """(5,): position, yaw, gripper."""
        return np.array([*self.position, self.yaw, self.gripper_m], dtype=np.float64)

    @staticmethod
    def of_vector(vector: NDArray[np.float64]) -> "TcpTarget":
        """The inverse of ``vector``."""
        return TcpTarget(vector[:3].copy(), float(vector[3]), float(vector[4]))


@dataclass(frozen=True)
class RobotInfo:
    """What a robot says of itself when it is connected."""

    model: str
    """Such as ``panda``: a policy's actions mean the same for robots of one model alone."""
    num_joints: int
    gripper_max_m: float
    camera: PinholeCamera | None
    """Intrinsics of its pictures."""
    T_world_cam: NDArray[np.float64] | None
    """(4, 4) of the camera as it is calibrated; None where nobody did."""
    picture_times: str = ""
    """In words, what the times of its pictures rest on; "" where it has none."""


class RobotDriver(Protocol):
    """A robot. ``observe`` and ``command`` do not wait for it, and may be called by two threads."""

    name: str

    def connect(self) -> RobotInfo:
        """Reach the robot; it stands still and holds its pose.

        Raises:
            RobotLostError: when it does not answer.
            BadInputError: when it cannot be used as it is.
        """
        ...

    def observe(self) -> Observation:
        """The latest that has come.

        Raises:
            RobotLostError: when the link is gone.
        """
        ...

    def command(self, target: TcpTarget) -> None:
        """Go there at once. Targets come at ``SafetyLimits.stream_hz``, each a small way on.

        A robot to which none comes any more stops by itself where it is.

        Raises:
            RobotLostError: when the link is gone.
        """
        ...

    def stop(self) -> None:
        """Stand still now, by the robot's own brake; never raises, and may be called twice."""
        ...

    def close(self) -> None:
        """Stop, and let go of the link."""
        ...
