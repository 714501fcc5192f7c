"""From an object track to a start pose and waypoints, without hand-picked frames.

X-Sim picks the first and last frame of the motion by hand and strides over frame indices; here
the track's motion segments give both ends, and waypoints lie at equal arc length between them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp

STATUS_LOST = 3


def start_pose(
    T_world_object: NDArray[np.float64], segments: NDArray[np.int64], status: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Pose (4, 4) before the first motion: median over the still, seen frames.

    Args:
        T_world_object: (t, 4, 4).
        segments: (s, 2) first and last frames of motion.
        status: (t,) per-frame status of the track; 0 is ok.
    """
    first = int(segments[0, 0]) if len(segments) else 0
    still = np.flatnonzero(status[: first + 1] == 0)
    poses = T_world_object[still if len(still) else [first]]
    rotation = Rotation.from_matrix(poses[:, :3, :3]).mean().as_matrix()
    return make_se3(rotation, np.median(poses[:, :3, 3], axis=0))


def arc_length(
    T_world_object: NDArray[np.float64], *, centre: NDArray[np.float64], radius_m: float
) -> NDArray[np.float64]:
    """Path length (t,) in m of the object's centre, plus ``radius_m`` for each radian turned."""
    centres = T_world_object[:, :3, :3] @ centre + T_world_object[:, :3, 3]
    shift = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    rotations = Rotation.from_matrix(T_world_object[:, :3, :3])
    turn = (rotations[:-1].inv() * rotations[1:]).magnitude()
    return np.concatenate([[0.0], np.cumsum(shift + radius_m * turn)])


def waypoints_by_arc_length(
    T_world_object: NDArray[np.float64],
    segments: NDArray[np.int64],
    status: NDArray[np.int8],
    *,
    num_waypoints: int,
    centre: NDArray[np.float64],
    radius_m: float,
) -> NDArray[np.float64]:
    """Poses (k, 4, 4) at equal arc length over the motion; the last one is where the object ends.

    Raises:
        BadInputError: when the track holds no motion to reproduce.
    """
    if len(segments) == 0:
        raise BadInputError(
            "the object track has no motion segment: nothing to reproduce. Check that the object "
            "moves in the video, or lower PoseTrackConfig's motion threshold."
        )
    frames = np.concatenate([np.arange(a, b + 1) for a, b in segments])
    frames = frames[status[frames] != STATUS_LOST]
    if len(frames) < 2:
        raise BadInputError(f"only {len(frames)} tracked frames in segments {segments.tolist()}")
    poses = T_world_object[frames]
    length = arc_length(poses, centre=centre, radius_m=radius_m)
    if length[-1] < 1e-3:
        raise BadInputError(f"the object moved only {1e3 * length[-1]:.2f} mm in its segments")
    keep = np.concatenate([[True], np.diff(length) > 1e-9])
    length, poses = length[keep], poses[keep]
    wanted = length[-1] * np.arange(1, num_waypoints + 1) / num_waypoints
    position = np.stack([np.interp(wanted, length, poses[:, i, 3]) for i in range(3)], axis=-1)
    rotations = Slerp(length, Rotation.from_matrix(poses[:, :3, :3]))(wanted)
    return make_se3(rotations.as_matrix(), position)


def resting_axis(
    R_world_object: NDArray[np.float64], vertices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Object-frame direction (3,) that points up when the object rests on its nearest hull face."""
    import trimesh

    hull = trimesh.convex.convex_hull(np.asarray(vertices, dtype=np.float64))
    down = -(R_world_object.T @ np.array([0.0, 0.0, 1.0]))
    # Large faces only: a rounded edge has slivers in every direction.
    normals, areas = hull.facets_normal, hull.facets_area
    if len(normals) == 0:
        normals, areas = hull.face_normals, hull.area_faces
    stable = areas > 0.1 * areas.max()
    best = normals[stable][np.argmax(normals[stable] @ down)]
    return -np.asarray(best, dtype=np.float64)


def rest_on_table(
    T_world_object: NDArray[np.float64],
    *,
    up_object: NDArray[np.float64],
    vertices: NDArray[np.float64],
    table_height_m: float,
) -> NDArray[np.float64]:
    """The poses (..., 4, 4) without tilt and height: ``up_object`` up, lowest vertex on the table.

    Horizontal position is kept where the object's centre is, so that removing a tilt turns the
    object in place.
    """
    flat = T_world_object.reshape(-1, 4, 4).copy()
    centre = 0.5 * (vertices.min(axis=0) + vertices.max(axis=0))
    for T in flat:
        centre_xy = (T[:3, :3] @ centre + T[:3, 3])[:2]
        T[:3, :3] = _align_to_z(T[:3, :3] @ up_object) @ T[:3, :3]
        T[:2, 3] = centre_xy - (T[:3, :3] @ centre)[:2]
        T[2, 3] = table_height_m - (vertices @ T[2, :3]).min()
    return flat.reshape(T_world_object.shape)


def lift_to_table(
    T_world_object: NDArray[np.float64], *, vertices: NDArray[np.float64], table_height_m: float
) -> NDArray[np.float64]:
    """The poses (..., 4, 4), raised where a vertex lies below the table."""
    lowest = (T_world_object[..., 2, :3] @ vertices.T).min(axis=-1) + T_world_object[..., 2, 3]
    raised = T_world_object.copy()
    raised[..., 2, 3] += np.maximum(table_height_m - lowest, 0.0)
    return raised


def _align_to_z(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smallest rotation (3, 3) that brings a unit direction to +z."""
    axis = np.cross(direction, [0.0, 0.0, 1.0])
    sine, cosine = np.linalg.norm(axis), direction[2]
    if sine < 1e-12:
        return np.eye(3) if cosine > 0 else np.diag([1.0, -1.0, -1.0])
    return so3_exp(axis / sine * np.arctan2(sine, cosine))
