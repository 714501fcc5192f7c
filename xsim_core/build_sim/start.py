"""Where the robot starts, and the box in which its gripper may move."""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.sim.task import TaskSpec

FINGER_RADIUS_M = 0.015
"""Half the extent of the closed fingers."""


def start_tcp(
    task: TaskSpec,
    vertices: NDArray[np.float64],
    T_start: NDArray[np.float64],
    T_waypoints: NDArray[np.float64],
    centre: NDArray[np.float64],
    table_height_m: float,
) -> tuple[NDArray[np.float64], float]:
    """TCP position (3,) and yaw: behind the object as seen along its path, or above it.

    Args:
        task: says which side.
        vertices: (v, 3) of the object, in its frame.
        T_start: (4, 4) pose of the object at the start.
        T_waypoints: (k, 4, 4).
        centre: (3,) centre of mass in the object's frame.
        table_height_m: height of the support plane.

    Raises:
        BadInputError: when closed fingers would start above the object and yet within its height.
    """
    points = vertices @ T_start[:3, :3].T + T_start[:3, 3]
    centre_world = T_start[:3, :3] @ centre + T_start[:3, 3]
    tcp = np.array([*centre_world[:2], table_height_m + task.start_height_m])
    if task.start_side == "above":
        top = float(points[:, 2].max()) - table_height_m
        if not task.must_grasp and task.start_height_m < top:
            raise BadInputError(
                f"task '{task.name}' starts closed fingers above the object, at start_height_m "
                f"{task.start_height_m}, and the object is {top:.3f} m high: they would be in it. "
                "Start higher, or with start_side 'behind'."
            )
        return tcp, _narrow_yaw(points[:, :2])
    middle = T_waypoints[(len(T_waypoints) - 1) // 2]
    direction = (middle[:3, :3] @ centre + middle[:3, 3] - centre_world)[:2]
    direction /= max(float(np.linalg.norm(direction)), 1e-9)
    behind = float((-(points[:, :2] - centre_world[:2]) @ direction).max())
    tcp[:2] -= direction * (behind + task.standoff_m + FINGER_RADIUS_M)
    return tcp, 0.0


def _narrow_yaw(points_xy: NDArray[np.float64]) -> float:
    """Yaw at which the fingers, which open along the TCP's y, close on the narrow side."""
    angles = np.linspace(-math.pi / 2, math.pi / 2, 180, endpoint=False)
    # gripper_down(yaw) has its y axis along (sin yaw, -cos yaw).
    widths = [np.ptp(points_xy @ [math.sin(a), -math.cos(a)]) for a in angles]
    return float(angles[int(np.argmin(widths))])


def workspace(
    task: TaskSpec,
    T_start: NDArray[np.float64],
    T_waypoints: NDArray[np.float64],
    centre: NDArray[np.float64],
    tcp: NDArray[np.float64],
    table_height_m: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (3,), (3,) of the box around path and start in which the commanded TCP stays."""
    path = np.concatenate([T_start[None], T_waypoints])
    corners = np.concatenate([path[:, :3, :3] @ centre + path[:, :3, 3], tcp[None]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    low[:2] -= task.workspace_margin_m
    high[:2] += task.workspace_margin_m
    low[2], high[2] = (table_height_m + z for z in task.workspace_z_m)
    return low, high
