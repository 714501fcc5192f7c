"""The demo's true world as a scene for another simulator: the only place that knows both."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import RealWorld, SimWorld
from xsim_core.exporters.rigid_body import RigidBody
from xsim_core.files.cache import cache_folder
from xsim_core.geometry import PinholeCamera, TexturedMesh, make_se3, so3_exp
from xsim_core.render.panda import low_poly_panda
from xsim_core.render.room import room_meshes
from xsim_core.sim.open import task_of
from xsim_core.sim.pieces import ConvexPieces
from xsim_core.storage import OpenArtifact
from xsim_core.world import WorldSpec, check_object_frame, open_world

from .mujoco_robot.scene import Errand, Eye, Piece, Room, Scene, Thing

CAMERA_HW = (240, 320)
"""Of the pictures that the robot's camera sends: software rendering pays for every pixel."""


def deploy_scene(sim: OpenArtifact[SimWorld], world: OpenArtifact[RealWorld]) -> Scene:
    """The scene in which a robot of MuJoCo stands.

    Room, paint, lights, camera pose, noise, friction and density are the true world's; the
    object's shape and what is to be done are the reconstruction's, as for the world that SAPIEN
    simulates.

    Raises:
        BadInputError: when the object's mesh was made from the film.
    """
    check_object_frame(sim.summary.mesh_from)
    task, true = task_of(sim), open_world(world)
    spec = true.spec
    tint = np.clip(np.rint(true.mesh.texture * np.array(spec.object_tint)), 0, 255)
    pieces = ConvexPieces.read(sim, "object_pieces").meshes()
    start = sim.array("T_world_object_start").copy()
    # The true table is at z = 0.
    start[2, 3] -= sim.summary.table_height_m
    mesh = true.mesh
    told = sim.array("T_world_cam")
    height, width = (int(n) for n in sim.array("image_hw"))
    video = PinholeCamera(width, height, sim.array("K"))
    return Scene(
        urdf=low_poly_panda(cache_folder()),
        thing=Thing(
            mesh=TexturedMesh(mesh.vertices, mesh.faces, mesh.uv, tint.astype(np.uint8)),
            pieces=_pieces(pieces),
            body=RigidBody.of_pieces(pieces, density_kg_m3=spec.density_kg_m3),
            T_world_start=start,
            centre=sim.array("object_centre"),
        ),
        room=Room(
            parts=room_meshes(spec.room),
            obstacles=(),
            table_height_m=0.0,
            ambient_rgb=spec.lights.ambient_rgb,
            lights=tuple(zip(spec.lights.directions, spec.lights.colours_rgb, strict=True)),
        ),
        eye=Eye(
            camera=video.resized(CAMERA_HW[1], CAMERA_HW[0]),
            T_world_cam=_placed(told, spec),
            T_world_cam_told=told,
            noise_std=spec.noise_std,
            depth_noise_m=spec.depth_noise_m,
        ),
        errand=Errand(
            object_xy_m=task.start.object_xy_m,
            object_yaw_rad=task.start.object_yaw_rad,
            joint_noise_rad=task.start.joint_noise_rad,
            start_qpos=sim.array("start_qpos"),
            T_world_goal=sim.array("T_world_waypoints")[-1],
            position_m=task.success_position_m,
            rotation_rad=task.success_rotation_rad,
            speed_m_s=task.success_object_speed_m_s,
            symmetric_axis=task.symmetric_axis,
        ),
        friction=spec.friction,
    )


def _placed(told: NDArray[np.float64], spec: WorldSpec) -> NDArray[np.float64]:
    """(4, 4) where the camera really is: its true place, moved by the world's error."""
    T = told if spec.T_world_cam is None else np.array(spec.T_world_cam)
    offset = np.array(spec.domain.camera_offset)
    return T @ make_se3(so3_exp(offset[3:]), offset[:3])


def _pieces(meshes: list[Any]) -> tuple[Piece, ...]:
    return tuple((np.array(m.vertices, np.float64), np.array(m.faces, np.int64)) for m in meshes)
