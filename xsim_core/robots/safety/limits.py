"""How a robot may move: numbers of a person, checked against each other."""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from xsim_core.config import FrozenModel, Vec3


class AxisLimits(NamedTuple):
    """Of n axes that move apart from each other, each array (n,)."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    speed: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    jerk: NDArray[np.float64]


class SafetyLimits(FrozenModel):
    """What holds for every motion of the TCP that this software commands, whoever asks for it.

    Speed, acceleration and jerk are lengths of vectors in space: each axis gets their 1/√3. The
    defaults suit an arm that works beside people's hands at a table; they do not make it safe
    to stand in its way.
    """

    box_low: Vec3
    """Lower corner of the box that the commanded TCP never leaves; metres, world frame."""
    box_high: Vec3
    speed_m_s: float = Field(default=0.30, gt=0, le=2.0)
    acceleration_m_s2: float = Field(default=6.0, gt=0, le=20.0)
    jerk_m_s3: float = Field(default=300.0, gt=0, le=5000.0)
    yaw_speed_rad_s: float = Field(default=1.0, gt=0, le=4.0)
    yaw_acceleration_rad_s2: float = Field(default=20.0, gt=0, le=50.0)
    yaw_jerk_rad_s3: float = Field(default=1000.0, gt=0, le=10_000.0)
    yaw_range_rad: tuple[float, float] = (-math.pi, math.pi)
    gripper_range_m: tuple[float, float] = (0.0, 0.08)
    gripper_speed_m_s: float = Field(default=0.15, gt=0, le=1.0)
    gripper_acceleration_m_s2: float = Field(default=3.0, gt=0, le=50.0)
    gripper_jerk_m_s3: float = Field(default=150.0, gt=0, le=5000.0)
    force_n: float = Field(default=30.0, gt=0, le=200.0)
    """More than this on the TCP, and the robot stops until a person lets it go on."""
    lag_m: float = Field(default=0.06, gt=0, le=0.5)
    """A TCP that is measured further from its command is held by something: stop."""
    stale_s: float = Field(default=0.5, gt=0, le=5.0)
    """State of the robot older than this: hold still until there is newer."""
    late_s: float = Field(default=0.3, gt=0, le=10.0)
    """No new action for this long: hold still until there is one."""
    stream_hz: int = Field(default=100, ge=20, le=1000)
    """Targets a second that go to the robot."""
    stop_s: float = Field(default=0.1, gt=0, le=1.0)
    """From any motion the commanded TCP comes to rest within this: one control period."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if not all(low < high for low, high in zip(self.box_low, self.box_high, strict=True)):
            raise ValueError(f"box_low {self.box_low} is not below box_high {self.box_high}")
        for name in ("yaw_range_rad", "gripper_range_m"):
            low, high = getattr(self, name)
            if not low < high:
                raise ValueError(f"{name} [{low}, {high}] is upside down: lowest first")
        if self.num_stop_ticks < 4:
            raise ValueError(
                f"stop_s {self.stop_s} is {self.num_stop_ticks} of the {self.stream_hz} targets a "
                "second; a smooth stop needs 4: raise stream_hz or stop_s"
            )
        return self

    @property
    def dt_s(self) -> float:
        """Time from target to target."""
        return 1.0 / self.stream_hz

    @property
    def num_stop_ticks(self) -> int:
        """Targets of a stop."""
        return math.floor(self.stop_s * self.stream_hz + 1e-9)

    def axes(self) -> AxisLimits:
        """Of x, y, z, yaw and gripper, in the order of ``TcpTarget.vector``."""
        third = 1 / math.sqrt(3)
        return AxisLimits(
            low=np.array([*self.box_low, self.yaw_range_rad[0], self.gripper_range_m[0]]),
            high=np.array([*self.box_high, self.yaw_range_rad[1], self.gripper_range_m[1]]),
            speed=np.array(
                [*[self.speed_m_s * third] * 3, self.yaw_speed_rad_s, self.gripper_speed_m_s]
            ),
            acceleration=np.array(
                [
                    *[self.acceleration_m_s2 * third] * 3,
                    self.yaw_acceleration_rad_s2,
                    self.gripper_acceleration_m_s2,
                ]
            ),
            jerk=np.array(
                [*[self.jerk_m_s3 * third] * 3, self.yaw_jerk_rad_s3, self.gripper_jerk_m_s3]
            ),
        )
