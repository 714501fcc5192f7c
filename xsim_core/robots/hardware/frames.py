"""A commanded pose of the TCP, as robots take it."""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.robots.driver import TcpTarget

Floats = NDArray[np.float64]


def pose_of(target: TcpTarget) -> Floats:
    """(4, 4) ``T_world_tcp``: the hand points down, turned by the yaw about the vertical."""
    c, s = math.cos(target.yaw), math.sin(target.yaw)
    T = np.eye(4)
    T[:3, :3] = [[c, s, 0], [s, -c, 0], [0, 0, -1]]
    T[:3, 3] = target.position
    return T


def matrix_to_rpy(R: Floats) -> tuple[float, float, float]:
    """Roll, pitch, yaw about the fixed axes x, y, z, in that order: R = Rz(yaw) Ry(pitch) Rx(roll).

    At a pitch of a quarter turn, where roll and yaw are one, the roll is zero.
    """
    pitch = math.atan2(-R[2, 0], math.hypot(R[0, 0], R[1, 0]))
    if math.hypot(R[0, 0], R[1, 0]) < 1e-9:
        return 0.0, pitch, math.atan2(-R[0, 1], R[1, 1])
    return math.atan2(R[2, 1], R[2, 2]), pitch, math.atan2(R[1, 0], R[0, 0])


def rpy_to_matrix(roll: float, pitch: float, yaw: float) -> Floats:
    """(3, 3); the inverse of ``matrix_to_rpy``."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
