"""Pictures, true depth and object masks of one SAPIEN scene, supersampled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.render.scene import add_camera, add_visual, open_render_scene, place, place_camera

SUPERSAMPLE = 2


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
        self.scene = open_render_scene()
        self._cameras: dict[tuple[int, int, bytes], tuple[Any, Any]] = {}

    def add(self, name: str, meshes: list[TexturedMesh]) -> Any:
        """A movable visual entity made of textured meshes."""
        return add_visual(self.scene, name, meshes)

    def place(self, entity: Any, T_world_entity: NDArray[np.float64]) -> None:
        """Move an entity."""
        place(entity, T_world_entity)

    def render(self, camera: PinholeCamera, T_world_cam: NDArray[np.float64]) -> RenderedView:
        """The scene as this camera sees it."""
        component, entity = self._camera(camera)
        place_camera(entity, T_world_cam)
        self.scene.update_render()
        component.take_picture()
        rgb = np.clip(component.get_picture("Color")[..., :3], 0, 1)
        z = -component.get_picture("Position")[..., 2]
        ids = np.ascontiguousarray(component.get_picture("Segmentation")[..., 1].astype(np.int32))
        return RenderedView(_mean_of_blocks(rgb), _depth_of_blocks(z), ids)

    def _camera(self, camera: PinholeCamera) -> tuple[Any, Any]:
        key = (camera.width, camera.height, camera.K.tobytes())
        if key not in self._cameras:
            fine = camera.resized(SUPERSAMPLE * camera.width, SUPERSAMPLE * camera.height)
            self._cameras[key] = add_camera(self.scene, fine, shaders="default")
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
