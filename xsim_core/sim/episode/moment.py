"""All that decides how an episode goes on: taken from an environment, put back, or put right."""

import copy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry.arrays import SE3
from xsim_core.sim.controller import EndEffectorController, forward_kinematics


@dataclass(frozen=True)
class Moment:
    """See ``SimEnv.moment``."""

    qpos: NDArray[np.float64]
    """(9,) arm and fingers."""
    qvel: NDArray[np.float32]
    """(9,)."""
    T_world_object: SE3
    """(4, 4)."""
    velocities: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Of the object: linear (3,) in m/s, angular (3,) in rad/s."""
    controller: EndEffectorController
    pending: tuple[NDArray[np.float64], ...]
    """Commands on their way to the arm."""
    waypoint_index: int
    num_steps: int
    progress: float

    def moved_to(
        self, qpos: NDArray[np.float64], T_world_object: NDArray[np.floating] | None
    ) -> "Moment":
        """Arm and object elsewhere, in the same motion: the command stays as far ahead of the arm.

        Args:
            qpos: (9,) joints of arm and fingers.
            T_world_object: (4, 4); None leaves it.
        """
        controller = copy.deepcopy(self.controller)
        before, _ = forward_kinematics(self.qpos[:7])
        after, _ = forward_kinematics(qpos[:7])
        controller.position = controller.position + after[:3, 3] - before[:3, 3]
        controller.q_target = controller.q_target + qpos[:7] - self.qpos[:7]
        pose = (
            self.T_world_object
            if T_world_object is None
            else np.asarray(T_world_object, np.float64)
        )
        return replace(self, qpos=qpos, T_world_object=pose, controller=controller)
