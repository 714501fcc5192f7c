"""Everything a simulator process needs, as paths and numbers: picklable, no open handles."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack, SplatScene
from xsim_core.config import FrozenModel, Vec3
from xsim_core.geometry import TexturedMesh, se3_to_pos_quat
from xsim_core.storage import OpenArtifact

from .collision import convex_pieces, scene_pieces
from .controller import FINGER_OPEN_M, inverse_kinematics
from .reference import (
    lift_to_table,
    rest_on_table,
    resting_axis,
    start_pose,
    waypoints_by_arc_length,
)
from .task import TaskSpec

Matrix = tuple[tuple[float, ...], ...]

FINGER_RADIUS_M = 0.015
"""Half the extent of the closed fingers."""


class SimAssets(FrozenModel):
    """Files and numbers from which environments and renderers are built."""

    object_name: str
    visual_glb: Path
    """The object's textured mesh, in the object frame."""
    collision_objs: tuple[Path, ...]
    """Convex pieces of the object."""
    scene_objs: tuple[Path, ...]
    """Convex pieces of the scene, world frame; the table plane is apart."""
    table_height_m: float
    object_centre: Vec3
    """Centre of mass in the object frame; positions in rewards mean this point."""
    object_radius_m: float
    T_world_object_start: Matrix
    T_world_waypoints: tuple[Matrix, ...]
    """Goals in order; the last one is the goal of the task."""
    start_qpos: tuple[float, ...]
    """(9,) arm and fingers before noise."""
    workspace_low: Vec3
    workspace_high: Vec3
    T_world_cam: Matrix
    """The video camera."""
    K: Matrix
    image_hw: tuple[int, int]

    @property
    def start(self) -> NDArray[np.float64]:
        """``T_world_object_start`` as an array (4, 4)."""
        return np.array(self.T_world_object_start)

    @property
    def waypoints(self) -> NDArray[np.float64]:
        """``T_world_waypoints`` as an array (k, 4, 4)."""
        return np.array(self.T_world_waypoints)


def build_assets(
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    task: TaskSpec,
    folder: Path,
) -> SimAssets:
    """Write collision and visual meshes below ``folder`` and derive start, waypoints and workspace.

    Raises:
        BadInputError: when the track holds no motion, or the object is out of the robot's reach.
    """
    folder = Path(folder).resolve()
    vertices = track.array("object/vertices").astype(np.float64)
    faces = track.array("object/faces")
    table = scene.summary.table_height_m
    centre, radius = _centre_and_radius(vertices, faces)
    T_start, T_waypoints = _reference(track, task, vertices, centre, radius, table)
    tcp, yaw = _start_tcp(task, vertices, T_start, T_waypoints, centre, table)
    low, high = _workspace(task, T_start, T_waypoints, centre, tcp, table)
    finger = 0.0 if task.gripper == "closed" else FINGER_OPEN_M
    q_arm = inverse_kinematics(tcp, yaw)
    folder.mkdir(parents=True, exist_ok=True)
    glb = folder / "object.glb"
    mesh = TexturedMesh(
        track.array("object/vertices"), faces, track.array("object/uv"),
        track.array("object/texture"),
    )  # fmt: skip
    mesh.write_glb(glb)
    clearance = np.array([0.05, 0.05, 0.0])
    return SimAssets(
        object_name=track.summary.object_name,
        visual_glb=glb,
        collision_objs=convex_pieces(vertices, faces, folder=folder),
        scene_objs=scene_pieces(
            scene.array("collision/vertices"), scene.array("collision/piece_ends"),
            table_height_m=table,
            keep_clear_low=np.array([*low[:2], table + 0.003]) - clearance,
            keep_clear_high=high + clearance, folder=folder,
        ),
        table_height_m=table,
        object_centre=_vec(centre),
        object_radius_m=radius,
        T_world_object_start=_matrix(T_start),
        T_world_waypoints=tuple(_matrix(T) for T in T_waypoints),
        start_qpos=(*(float(q) for q in q_arm), finger, finger),
        workspace_low=_vec(low),
        workspace_high=_vec(high),
        T_world_cam=_matrix(track.array("T_world_cam")),
        K=_matrix(track.array("K")),
        image_hw=(int(track.array("image_hw")[0]), int(track.array("image_hw")[1])),
    )  # fmt: skip


def _centre_and_radius(
    vertices: NDArray[np.float64], faces: NDArray[np.integer]
) -> tuple[NDArray[np.float64], float]:
    import trimesh

    mesh = trimesh.Trimesh(vertices, faces, process=True)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    solid = mesh if mesh.is_watertight and mesh.volume > 0 else mesh.convex_hull
    centre = np.asarray(solid.center_mass, dtype=np.float64)
    return centre, float(np.linalg.norm(vertices - centre, axis=1).mean())


def _reference(
    track: OpenArtifact[ObjectTrack],
    task: TaskSpec,
    vertices: NDArray[np.float64],
    centre: NDArray[np.float64],
    radius_m: float,
    table: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    poses, segments = track.array("T_world_object"), track.array("segments")
    status = track.array("status")
    T_start = start_pose(poses, segments, status)
    up = resting_axis(T_start[:3, :3], vertices)
    if task.project_to_table:
        poses = rest_on_table(poses, up_object=up, vertices=vertices, table_height_m=table)
    T_waypoints = waypoints_by_arc_length(
        poses, segments, status, num_waypoints=task.num_waypoints, centre=centre, radius_m=radius_m
    )
    T_start = rest_on_table(T_start, up_object=up, vertices=vertices, table_height_m=table)
    return T_start, lift_to_table(T_waypoints, vertices=vertices, table_height_m=table)


def _start_tcp(
    task: TaskSpec,
    vertices: NDArray[np.float64],
    T_start: NDArray[np.float64],
    T_waypoints: NDArray[np.float64],
    centre: NDArray[np.float64],
    table: float,
) -> tuple[NDArray[np.float64], float]:
    """TCP position (3,) and yaw: behind the object as seen along the push, or above it."""
    points = vertices @ T_start[:3, :3].T + T_start[:3, 3]
    centre_world = T_start[:3, :3] @ centre + T_start[:3, 3]
    tcp = np.array([*centre_world[:2], table + task.start_height_m])
    if task.skill == "pick_place":
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


def _workspace(
    task: TaskSpec,
    T_start: NDArray[np.float64],
    T_waypoints: NDArray[np.float64],
    centre: NDArray[np.float64],
    tcp: NDArray[np.float64],
    table: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    path = np.concatenate([T_start[None], T_waypoints])
    corners = np.concatenate([path[:, :3, :3] @ centre + path[:, :3, 3], tcp[None]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    low[:2] -= task.workspace_margin_m
    high[:2] += task.workspace_margin_m
    low[2], high[2] = table + task.workspace_z_m[0], table + task.workspace_z_m[1]
    return low, high


def start_pos_quat(assets: SimAssets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nominal start of the object: position (3,) and wxyz quaternion (4,)."""
    return se3_to_pos_quat(assets.start)


def _vec(values: NDArray[np.float64]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _matrix(values: NDArray[np.float64]) -> Matrix:
    return tuple(tuple(float(v) for v in row) for row in np.asarray(values, dtype=np.float64))
