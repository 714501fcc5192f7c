"""The ``build_sim`` stage: from the reconstruction and a task to what a simulator loads."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack, SimWorld, SplatScene
from xsim_core.geometry import TexturedMesh
from xsim_core.rasterize import Gaussians2D
from xsim_core.sim.controller import FINGER_OPEN_M, inverse_kinematics
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .collision import object_pieces, scene_pieces
from .config import BuildSimConfig
from .pictures import top_view_png
from .quality import check_track
from .start import start_tcp, workspace
from .symmetry import with_symmetry
from .waypoints import (
    lift_to_table,
    rest_on_table,
    resting_axis,
    start_pose,
    waypoints_by_arc_length,
)

CLEARANCE_M = np.array([0.05, 0.05, 0.0])
"""Kept free of obstacles around the workspace: hand and object reach over its edges."""


def build_sim(
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    *,
    config: BuildSimConfig,
    out: ArtifactWriter,
) -> SimWorld:
    """Derive start, waypoints, workspace and collision pieces; keep the room as background.

    Raises:
        BadInputError: when the track holds no motion, or the object is out of the robot's reach.
        QualityGateError: when the track's verdict is ``fail`` and nobody said why to take it.
    """
    table = scene.summary.table_height_m
    notes = check_track(track, table, config)
    task, told = with_symmetry(config.task, track.summary.symmetry)
    mesh = TexturedMesh.from_arrays(track.arrays("object"))
    vertices = mesh.vertices.astype(np.float64)
    centre, radius = _centre_and_radius(vertices, mesh.faces)
    T_start, T_waypoints = _start_and_waypoints(track, task, vertices, centre, radius, table)
    tcp, yaw = start_tcp(task, vertices, T_start, T_waypoints, centre, table)
    low, high = workspace(task, T_start, T_waypoints, centre, tcp, table)
    finger = 0.0 if task.gripper == "closed" else FINGER_OPEN_M
    qpos = np.array([*inverse_kinematics(tcp, yaw), finger, finger])
    pieces = object_pieces(vertices, mesh.faces)
    obstacles = _obstacles(scene, low, high)
    out.write_all(
        {
            "T_world_object_start": T_start,
            "T_world_waypoints": T_waypoints,
            "start_qpos": qpos,
            "workspace": np.stack([low, high]),
            "object_centre": centre,
            **{name: track.array(name) for name in ("T_world_cam", "K", "image_hw")},
        }
    )
    out.write_all(track.arrays("object"), prefix="object")
    pieces.write(out, "object_pieces")
    obstacles.write(out, "scene_pieces")
    out.write_all(Gaussians2D.from_scene(scene).arrays, prefix="background")
    out.write("background/behind_rgb", scene.array("background_rgb"))
    path = np.stack([T[:3, :3] @ centre + T[:3, 3] for T in (T_start, *T_waypoints)])
    picture = top_view_png(path, low, high, tcp, obstacles, vertices, T_start)
    out.add_file("world_top_view.png", picture)
    return SimWorld(
        task=task.name,
        task_spec=task.model_dump(mode="json"),
        object_name=track.summary.object_name,
        object_radius_m=radius,
        table_height_m=table,
        num_waypoints=len(T_waypoints),
        path_length_m=float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()),
        num_object_pieces=len(pieces),
        num_scene_pieces=len(obstacles),
        is_mesh_coloured=track.summary.is_mesh_coloured,
        mesh_from=track.summary.mesh_from,
        notes=(*notes, *told),
    )


def _centre_and_radius(
    vertices: NDArray[np.float64], faces: NDArray[np.integer]
) -> tuple[NDArray[np.float64], float]:
    """Centre of mass (3,) and the vertices' mean distance from it."""
    import trimesh

    mesh = trimesh.Trimesh(vertices, faces, process=True)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    solid = mesh if mesh.is_watertight and mesh.volume > 0 else mesh.convex_hull
    centre = np.asarray(solid.center_mass, dtype=np.float64)
    return centre, float(np.linalg.norm(vertices - centre, axis=1).mean())


def _start_and_waypoints(
    track: OpenArtifact[ObjectTrack],
    task: TaskSpec,
    vertices: NDArray[np.float64],
    centre: NDArray[np.float64],
    radius_m: float,
    table: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The object's start (4, 4) and its goals (k, 4, 4)."""
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


def _obstacles(
    scene: OpenArtifact[SplatScene], low: NDArray[np.float64], high: NDArray[np.float64]
) -> ConvexPieces:
    """The room's pieces, those left out that reach into the workspace from ``low`` to ``high``."""
    table = scene.summary.table_height_m
    return scene_pieces(
        scene.array("collision/vertices"),
        scene.array("collision/piece_ends"),
        table_height_m=table,
        keep_clear_low=np.array([*low[:2], table + 0.003]) - CLEARANCE_M,
        keep_clear_high=high + CLEARANCE_M,
    )
