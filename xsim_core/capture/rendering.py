"""Pictures, true depth and object masks of one SAPIEN scene, supersampled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import MissingDependencyError
from xsim_core.geometry import PinholeCamera, make_se3, se3_to_pos_quat
from xsim_core.sim.meshes import TexturedMesh
from xsim_core.sim.shaders import shader_pack

SUPERSAMPLE = 2
# SAPIEN's camera entity looks along +x with +z up.
T_SAPIEN_CV = make_se3(np.array([[0, -1.0, 0], [0, 0, -1], [1, 0, 0]]).T, np.zeros(3))


@dataclass(frozen=True)
class RenderedView:
    """One picture and its truth."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    """True z-depth (h, w); 0 where nothing is."""
    entity_ids: NDArray[np.int32]
    """(h * s, w * s) SAPIEN ids at the supersampled size."""


class RenderScene:
    """One SAPIEN scene without dynamics; cameras are kept per intrinsics."""

    def __init__(self) -> None:
        import sapien

        try:
            systems = [sapien.physx.PhysxCpuSystem(), sapien.render.RenderSystem()]
        except RuntimeError as error:
            raise MissingDependencyError(
                f"cannot render: SAPIEN found no Vulkan driver it accepts ({error}). "
                "Install Mesa's lavapipe 25 or newer; 'xsim doctor' says how."
            ) from error
        self.scene = sapien.Scene(systems)
        self._cameras: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def add(self, name: str, meshes: list[TexturedMesh]) -> Any:
        """A movable visual entity made of textured meshes."""
        import sapien

        entity = sapien.Entity()
        entity.set_name(name)
        body = sapien.render.RenderBodyComponent()
        for mesh in meshes:
            body.attach(mesh.to_render_shape())
        entity.add_component(body)
        self.scene.add_entity(entity)
        return entity

    def place(self, entity: Any, T_world_entity: NDArray[np.float64]) -> None:
        """Move an entity."""
        import sapien

        position, quat_wxyz = se3_to_pos_quat(T_world_entity)
        entity.set_pose(sapien.Pose(list(position), list(quat_wxyz)))

    def render(self, camera: PinholeCamera, T_world_cam: NDArray[np.float64]) -> RenderedView:
        """The scene as this camera sees it."""
        component, entity = self._camera(camera)
        self.place(entity, T_world_cam @ T_SAPIEN_CV.T)
        self.scene.update_render()
        component.take_picture()
        rgb = np.clip(component.get_picture("Color")[..., :3], 0, 1)
        z = -component.get_picture("Position")[..., 2]
        ids = np.ascontiguousarray(component.get_picture("Segmentation")[..., 1].astype(np.int32))
        return RenderedView(_mean_of_blocks(rgb), _depth_of_blocks(z), ids)

    def _camera(self, camera: PinholeCamera) -> tuple[Any, Any]:
        import sapien

        key = (camera.width, camera.height, camera.K.tobytes())
        if key not in self._cameras:
            s = SUPERSAMPLE
            component = sapien.render.RenderCameraComponent(s * camera.width, s * camera.height)
            K = camera.K
            # SAPIEN measures the principal point from the image's corner, we from a pixel's centre.
            component.set_perspective_parameters(
                0.05, 12.0, s * K[0, 0], s * K[1, 1], s * (K[0, 2] + 0.5), s * (K[1, 2] + 0.5), 0.0
            )
            entity = sapien.Entity()
            entity.add_component(component)
            with shader_pack("default"):
                self.scene.add_entity(entity)
            self._cameras[key] = (component, entity)
        return self._cameras[key]


def _blocks(image: NDArray[Any]) -> NDArray[Any]:
    s = SUPERSAMPLE
    h, w = image.shape[0] // s, image.shape[1] // s
    parts = image.reshape(h, s, w, s, *image.shape[2:])
    return np.moveaxis(parts, 2, 1).reshape(h, w, s * s, *image.shape[2:])


def _mean_of_blocks(rgb: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.rint(_blocks(rgb).mean(axis=2) * 255).astype(np.uint8)


def _depth_of_blocks(z: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mean depth on surfaces; the nearest sample where a block straddles an edge."""
    blocks = _blocks(np.where(z > 0, z, np.inf))
    near, far = blocks.min(axis=2), blocks.max(axis=2)
    with np.errstate(invalid="ignore"):  # Where nothing is, inf - inf.
        is_edge = ~np.isfinite(far) | (far - near > 0.02)
        depth = np.where(is_edge, near, blocks.mean(axis=2))
    return np.where(np.isfinite(depth), depth, 0).astype(np.float32)
