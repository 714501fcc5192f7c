"""What a policy of the simulator is told: everything that it knows and no camera shows."""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry.arrays import Observation

from .controller import FINGER_OPEN_M, forward_kinematics, tcp_yaw
from .reward import Goals, Quaternion, Situation, relative_quat


def privileged_observation(
    now: Situation, goals: Goals, index: int, commanded: NDArray[np.float64], *further: float
) -> Observation:
    """TCP, object, the way to the current and to the last waypoint.

    Args:
        now: where everything is.
        goals: the waypoints.
        index: of the waypoint the object is on its way to.
        commanded: (3,) TCP that the arm was last told to go to, world, metres.
        further: what is appended.

    Returns:
        (o,).
    """
    to_tcp = now.tcp - now.centre
    quat = now.quat_wxyz.tolist()
    w, x, y, z = quat
    # A list: joining eleven arrays this short takes three times as long.
    told = [
        *now.tcp.tolist(),
        *(commanded - now.tcp).tolist(),
        *now.centre.tolist(),
        *(quat if w >= 0 else (-w, -x, -y, -z)),
        *to_tcp.tolist(),
        *rotate((w, -x, -y, -z), to_tcp).tolist(),
        *(goals.centres[index] - now.centre).tolist(),
        *_rotation_vector(quat, goals.quats_wxyz[index]),
        *(goals.centres[-1] - now.centre).tolist(),
        *_rotation_vector(quat, goals.quats_wxyz[-1]),
        index / len(goals.centres),
        *further,
    ]
    return np.array(told, dtype=np.float32)


def proprioception(qpos: NDArray[np.float64], tcp: NDArray[np.float64]) -> NDArray[np.float32]:
    """What an arm knows of itself: TCP (3) in metres, yaw sine and cosine, gripper's opening.

    Args:
        qpos: (9,) joints of arm and fingers.
        tcp: (3,) world, metres.

    Returns:
        (6,), the opening in [0, 1].
    """
    T, _ = forward_kinematics(qpos[:7])
    yaw = tcp_yaw(T[:3, :3])
    opening = float(qpos[7] + qpos[8]) / (2 * FINGER_OPEN_M)
    return np.array([*tcp, math.sin(yaw), math.cos(yaw), opening], dtype=np.float32)


def rotate(
    quat_wxyz: NDArray[np.float64] | tuple[float, ...], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A vector (3,) turned by a quaternion, in scalars."""
    w, x, y, z = (float(c) for c in quat_wxyz)
    a, b, c = (float(c) for c in v)
    tx, ty, tz = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return np.array(
        [
            a + w * tx + y * tz - z * ty,
            b + w * ty + z * tx - x * tz,
            c + w * tz + x * ty - y * tx,
        ]
    )


def _rotation_vector(quat_from: Quaternion, quat_to: Quaternion) -> tuple[float, float, float]:
    """2 sin(angle / 2) axis of the rotation that is missing, in the object frame; short way."""
    w, x, y, z = relative_quat(quat_from, quat_to)
    sign = 2.0 if w >= 0 else -2.0
    return sign * x, sign * y, sign * z
