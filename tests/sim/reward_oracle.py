"""The reward's terms from rotation matrices, slowly: what both forms in the library are held to."""

import numpy as np

from xsim_core.geometry import quat_wxyz_to_matrix, rotation_angle


def rotation_errors(R_world_object, R_world_goal, symmetric_axis):
    """Angles (n,) between rotations (n, 3, 3); about a symmetric axis, between the axes only."""
    if symmetric_axis is None:
        return rotation_angle(R_world_object, R_world_goal)
    axis = np.array(symmetric_axis)
    cosine = np.sum((R_world_object @ axis) * (R_world_goal @ axis), axis=-1) / (axis @ axis)
    return np.arccos(np.clip(cosine, -1, 1))


def advance(goals, task, index, centre, R_world_object):
    """Waypoint indices (n,) after this step."""
    last = len(goals.centres) - 1
    R_goals = quat_wxyz_to_matrix(goals.quats_wxyz)
    result = index.copy()
    for k in range(last + 1):
        p = np.linalg.norm(centre - goals.centres[k], axis=-1)
        theta = rotation_errors(R_world_object, R_goals[k : k + 1], task.symmetric_axis)
        near = (p < task.waypoint_position_m) & (theta < task.waypoint_rotation_rad)
        eligible = near & (k >= index if task.may_skip_waypoints else k == index)
        result = np.where(eligible, min(k + 1, last), result)
    return result


def successes(goals, task, centre, R_world_object, object_speed):
    """Whether the objects (n,) rest at the last waypoint."""
    R_goal = quat_wxyz_to_matrix(goals.quats_wxyz[-1:])
    theta = rotation_errors(R_world_object, R_goal, task.symmetric_axis)
    return (
        (np.linalg.norm(centre - goals.centres[-1], axis=-1) < task.success_position_m)
        & (theta < task.success_rotation_rad)
        & (object_speed < task.success_object_speed_m_s)
    )


def terms(goals, task, index, now):
    """The weighted terms (n,) at given waypoint indices, of situations stacked in one."""
    R_goals, axis = quat_wxyz_to_matrix(goals.quats_wxyz), task.symmetric_axis
    R, w = quat_wxyz_to_matrix(now.quat_wxyz), task.reward
    d = np.linalg.norm(now.tcp - now.centre, axis=-1)
    p = np.linalg.norm(now.centre - goals.centres[index], axis=-1)
    theta = rotation_errors(R, R_goals[index], axis)
    success = successes(goals, task, now.centre, R, now.object_speed)
    return {
        "approach": w.approach * 0.5 * ((1 - np.tanh(3 * d)) + (1 - np.tanh(30 * d))),
        "grasp": w.grasp * (now.is_grasped & task.must_grasp),
        "goal_position": w.goal_position * (1 - np.tanh(goals.position_scales[index] * p)),
        "goal_rotation": w.goal_rotation * (1 - np.tanh(goals.rotation_scales[index] * theta)),
        "waypoint": w.waypoint * index,
        "static": w.static * success * (1 - np.tanh(5 * now.arm_speed)),
        "success": w.success * success,
    }
