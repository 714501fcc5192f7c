"""The controller's step in C++, compiled on first use; its reference is ``controller.dls_step``."""

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.compiled import compiled
from xsim_core.geometry.arrays import SE3, SO3, ArmJoints, Vectors3

_Joints = ctypes.c_double * 7
SOURCE = Path(__file__).with_name("kernel.cpp")


class ArmKernel:
    """Damped-least-squares steps of one arm of seven turning joints."""

    def __init__(
        self,
        *,
        link_offsets: NDArray[np.float64],
        link7_tcp: SE3,
        joint_low: ArmJoints,
        joint_high: ArmJoints,
    ) -> None:
        """Of an arm.

        Args:
            link_offsets: (7, 4, 4) from each link to the next, before its joint turns.
            link7_tcp: (4, 4) from the last link to the TCP.
            joint_low: (7,) radians.
            joint_high: (7,) radians.

        Raises:
            MissingDependencyError: when there is no C++ compiler, or it fails.
        """
        library = compiled(SOURCE, name="arm", what="the arm's controller", instead="use dls_step")
        self._step = library.xsim_arm_dls_step
        self._step.argtypes = [*[ctypes.c_void_p] * 7, ctypes.c_double, ctypes.c_void_p]
        self._step.restype = None
        arm = (link_offsets, link7_tcp, joint_low, joint_high)
        self._kept = [np.array(a, dtype=np.float64, order="C") for a in arm]
        self._arm = [a.ctypes.data for a in self._kept]

    def step(self, q: ArmJoints, position: Vectors3, R_world_tcp: SO3, damping: float) -> ArmJoints:
        """The next joints (7,) from joints (7,) towards a TCP position (3,) and rotation (3, 3)."""
        # As bytes: an array's address costs a microsecond, and a buffer of our own a lock.
        given = [np.asarray(a, np.float64) for a in (q, position, R_world_tcp)]
        if [a.shape for a in given] != [(7,), (3,), (3, 3)]:
            raise ValueError(f"joints, position and rotation are {[a.shape for a in given]}")
        answer = _Joints()
        self._step(*self._arm, *(a.tobytes() for a in given), damping, answer)
        return np.array(answer)
