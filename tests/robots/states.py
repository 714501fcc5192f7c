"""States of a robot, made of a few numbers."""

import math

import numpy as np

from xsim_core.robots import RobotState, SafetyLimits

LIMITS = SafetyLimits(box_low=(0.3, -0.3, 0.02), box_high=(0.65, 0.3, 0.3))
START = (0.45, 0.0, 0.1)


def state(position=START, *, time_s=0.0, yaw=0.0, gripper_m=0.04, force_n=(0.0, 0.0, 0.0)):
    c, s = math.cos(yaw), math.sin(yaw)
    T = np.eye(4)
    T[:3, :3] = [[c, s, 0], [s, -c, 0], [0, 0, -1]]
    T[:3, 3] = position
    return RobotState(
        time_s=time_s,
        qpos=np.zeros(7),
        qvel=np.zeros(7),
        T_world_tcp=T,
        gripper_m=gripper_m,
        force_n=np.array(force_n, float),
    )


def worst(positions, limits):
    """What an onlooker sees of commands (n, 5) from rest on: each figure over its limit.

    By differences of what was sent alone, in space for the first three numbers.
    """
    dt, axes = limits.dt_s, limits.axes()
    rest = np.repeat(positions[:1], 3, axis=0)
    rows = np.concatenate([rest, positions])
    found = {}
    for name, limit, fourth, fifth in (
        ("speed", limits.speed_m_s, axes.speed[3], axes.speed[4]),
        ("acceleration", limits.acceleration_m_s2, axes.acceleration[3], axes.acceleration[4]),
        ("jerk", limits.jerk_m_s3, axes.jerk[3], axes.jerk[4]),
    ):
        rows = np.diff(rows, axis=0) / dt
        found[name] = float(np.linalg.norm(rows[:, :3], axis=1).max() / limit)
        found[f"yaw {name}"] = float(np.abs(rows[:, 3]).max() / fourth)
        found[f"gripper {name}"] = float(np.abs(rows[:, 4]).max() / fifth)
    outside = np.maximum(axes.low - positions, positions - axes.high).max(axis=0)
    return found, {
        "box": float(outside[:3].max()),
        "yaw range": float(outside[3]),
        "gripper range": float(outside[4]),
    }
