"""How a person moves an object: minimum-jerk timing along a gently curved path."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsim_core.geometry import make_se3, so3_exp

Floats = NDArray[np.float64]


def minimum_jerk(tau: ArrayLike) -> Floats:
    """Progress of a minimum-jerk reach at normalised time ``tau`` (Flash and Hogan 1985)."""
    tau = np.clip(np.asarray(tau, dtype=np.float64), 0, 1)
    return tau**3 * (10 - 15 * tau + 6 * tau**2)


@dataclass(frozen=True)
class Phases:
    """Frame numbers at which the phases of the video begin."""

    approach: int
    close: int
    move: int
    release: int
    retreat: int
    leave: int
    num_frames: int

    @staticmethod
    def of(num_frames: int) -> "Phases":
        """Phases in the proportions of a calm two-second move within a six-second video."""
        starts = [round(num_frames * f / 90) for f in (12, 28, 36, 68, 73, 84)]
        return Phases(*starts, num_frames=num_frames)

    def progress(self, start: int, end: int) -> Floats:
        """Minimum-jerk progress (t,) that is 0 up to ``start`` and 1 from ``end`` on."""
        frames = np.arange(self.num_frames)
        return minimum_jerk((frames - start) / max(1, end - start))


@dataclass(frozen=True)
class ObjectMotion:
    """Where the object starts and ends on the table, and how it travels."""

    start_xy_m: tuple[float, float]
    end_xy_m: tuple[float, float]
    start_yaw_rad: float
    turn_rad: float
    bulge_m: float
    """How far the path bends sideways, to the left of the motion."""
    rest_height_m: float
    kind: Literal["slide", "lift"]
    lift_m: float = 0.08

    def poses(self, phases: Phases) -> Floats:
        """``T_world_object`` (t, 4, 4) of every frame."""
        s = phases.progress(phases.move, phases.release)
        start, end = np.array(self.start_xy_m), np.array(self.end_xy_m)
        along = (end - start) / np.linalg.norm(end - start)
        left = np.array([-along[1], along[0]])
        xy = start + s[:, None] * (end - start)
        xy = xy + (4 * s * (1 - s) * self.bulge_m)[:, None] * left
        bump = np.sin(np.pi * s) ** 2
        lift = self.lift_m * bump if self.kind == "lift" else np.zeros_like(s)
        # A carried object is never quite level; a slid one lies flat on the table.
        tilt = 0.12 * bump if self.kind == "lift" else np.zeros_like(s)
        zeros = np.zeros_like(s)
        yaw = np.stack([zeros, zeros, self.start_yaw_rad + s * self.turn_rad], axis=-1)
        R = so3_exp(yaw) @ so3_exp(np.stack([tilt, 0.4 * tilt, zeros], axis=-1))
        return make_se3(R, np.column_stack([xy, self.rest_height_m + lift]))
