"""SAPIEN scenes without dynamics: opened on any Vulkan device, with cameras in OpenCV's axes."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import MissingDependencyError
from xsim_core.geometry import PinholeCamera, TexturedMesh, make_se3, se3_to_pos_quat

from .meshes import render_shape
from .shaders import shader_pack

T_SAPIEN_CV = make_se3(np.array([[0, 0, 1.0], [-1, 0, 0], [0, -1, 0]]), np.zeros(3))
"""SAPIEN's camera entity looks along +x with +z up."""
NEAR_M, FAR_M = 0.05, 12.0
"""What cameras see."""


def open_render_scene() -> Any:
    """An empty SAPIEN scene that can render.

    Raises:
        MissingDependencyError: when SAPIEN finds no Vulkan device it accepts.
    """
    # One renderer a process, several processes a machine: lavapipe's own threads would only fight.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    import sapien

    try:
        systems: list[sapien.System] = [sapien.physx.PhysxCpuSystem(), sapien.render.RenderSystem()]
    except RuntimeError as error:
        raise MissingDependencyError(
            f"cannot render: SAPIEN found no Vulkan device it accepts ({error}). 'make setup' "
            "installs Mesa's lavapipe 25 privately; on Debian 12, mesa-vulkan-drivers from "
            "bookworm-backports does too. 'xsim doctor' checks it."
        ) from error
    return sapien.Scene(systems)


def add_camera(scene: Any, camera: PinholeCamera, *, shaders: str) -> tuple[Any, Any]:
    """A camera's render component and its entity, which ``place_camera`` moves.

    Args:
        scene: a SAPIEN scene with a render system.
        camera: intrinsics and size of the pictures.
        shaders: one of SAPIEN's packs; ``minimal`` gives colour and position, ``default`` more,
            with three times as many pipelines, each seconds of compiling.
    """
    import sapien

    component = sapien.render.RenderCameraComponent(camera.width, camera.height)
    K = camera.K
    # SAPIEN measures the principal point from the image's corner, we from a pixel's centre.
    component.set_perspective_parameters(
        NEAR_M, FAR_M, K[0, 0], K[1, 1], K[0, 2] + 0.5, K[1, 2] + 0.5, 0.0
    )
    entity = sapien.Entity()
    entity.add_component(component)
    with shader_pack(shaders):
        scene.add_entity(entity)
    return component, entity


def place_camera(entity: Any, T_world_cam: NDArray[np.floating]) -> None:
    """Move a camera's entity to a pose (4, 4) in OpenCV's axes."""
    place(entity, T_world_cam @ T_SAPIEN_CV.T)


def place(entity: Any, T_world_entity: NDArray[np.floating]) -> None:
    """Move an entity to a pose (4, 4)."""
    import sapien

    position, quat_wxyz = se3_to_pos_quat(T_world_entity)
    entity.set_pose(sapien.Pose(list(position), list(quat_wxyz)))


def add_visual(scene: Any, name: str, meshes: list[TexturedMesh], *, roughness: float = 0.9) -> Any:
    """A movable entity that is seen and touches nothing."""
    import sapien

    entity = sapien.Entity()
    entity.set_name(name)
    body = sapien.render.RenderBodyComponent()
    for mesh in meshes:
        body.attach(render_shape(mesh, roughness=roughness))
    entity.add_component(body)
    scene.add_entity(entity)
    return entity
