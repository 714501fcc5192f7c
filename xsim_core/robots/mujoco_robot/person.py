"""The person beside the robot, as a script: makes the starts, and sees when it is done."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import rotation_angle
from xsim_core.robots.starts import object_start, start_rng

from .scene import Errand, Thing


class Person:
    """Decides starts by seed and judges by what it sees; keeps what it has seen since the start."""

    def __init__(self, errand: Errand, thing: Thing) -> None:
        self._errand, self._thing = errand, thing
        self.is_done = False

    def start(self, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Joints (9,) and the object's pose (4, 4) of a new attempt."""
        rng, errand = start_rng(seed), self._errand
        self.is_done = False
        placed = object_start(
            rng,
            self._thing.T_world_start,
            self._thing.centre,
            xy_m=errand.object_xy_m,
            yaw_rad=errand.object_yaw_rad,
        )
        qpos = errand.start_qpos.copy()
        qpos[:7] += np.clip(rng.normal(size=7), -2, 2) * errand.joint_noise_rad
        return qpos, placed

    def look(self, T_world_object: NDArray[np.float64], speed_m_s: float) -> None:
        """See where the object is; done stays done."""
        errand, goal = self._errand, self._errand.T_world_goal
        centre = T_world_object[:3, :3] @ self._thing.centre + T_world_object[:3, 3]
        wanted = goal[:3, :3] @ self._thing.centre + goal[:3, 3]
        away = float(np.linalg.norm(centre - wanted))
        turned = self._turned(T_world_object[:3, :3], goal[:3, :3])
        near = away <= errand.position_m and turned <= errand.rotation_rad
        self.is_done |= near and speed_m_s <= errand.speed_m_s

    def _turned(self, R: NDArray[np.float64], goal: NDArray[np.float64]) -> float:
        if (axis := self._errand.symmetric_axis) is None:
            return float(rotation_angle(R, goal))
        a = np.array(axis) / np.linalg.norm(axis)
        return float(np.arccos(np.clip((R @ a) @ (goal @ a), -1, 1)))
