"""Pictures of robot, object and room from a simulator state, by SAPIEN on any Vulkan device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.cache import cache_folder
from xsim_core.geometry import PinholeCamera, inverse_se3, make_se3, transform_points
from xsim_core.render.dressing import DressableRoom, Dressing
from xsim_core.render.lights import Lights, LightSpec, table_irradiance
from xsim_core.render.panda import low_poly_panda
from xsim_core.render.scene import add_camera, add_visual, open_render_scene, place, place_camera
from xsim_core.render.shapes import textured_quad
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.episode.state import EnvState

from .backdrop import Backdrop, repainted
from .backgrounds import (
    CACHED_VIEWS,
    Background,
    BackgroundView,
    RoomBackground,
    SplatBackground,
    SplatViews,
)

POLICY_HW = (72, 96)
"""Size of the images that policies see."""
SUPERSAMPLE = 2
VIEW_MARGIN_M, VIEW_HEIGHT_M = 0.10, 0.12
"""The policy sees this much around the object's path, and this much above the table."""
DEPTH_MARGIN_M = 0.012
"""How far behind the reconstructed surface foreground may lie and still be seen: splat depth is
off by millimetres, and the object touches the table."""
SHADOW_REACH_M = 0.03
"""Shadows fall where the reconstructed surface is this close to the table plane."""
DISPLAY_GAMMA = 2.2


@dataclass(frozen=True)
class Frame:
    """One picture."""

    rgb: NDArray[np.uint8]
    """(h, w, 3)."""
    depth_m: NDArray[np.float32]
    """(h, w) true z-depth; 0 where nothing is."""
    object_mask: NDArray[np.bool_]
    """(h, w) where the object is seen."""


class SceneRenderer:
    """Robot and object before one background. Keep one for each process: building costs seconds."""

    def __init__(
        self,
        assets: SimAssets,
        background: Background,
        *,
        image_hw: tuple[int, int] = POLICY_HW,
        supersample: int = SUPERSAMPLE,
        policy_view: PinholeCamera | None = None,
    ) -> None:
        """Build the scene.

        Args:
            assets: object mesh, table and camera.
            background: what lies behind.
            image_hw: default size of the pictures.
            supersample: samples a pixel along each axis of pictures of that size.
            policy_view: camera of pictures of that size; ``policy_camera`` by default.

        Raises:
            MissingDependencyError: when SAPIEN finds no Vulkan device it accepts.
        """
        self.assets, self.image_hw, self._supersample = assets, image_hw, supersample
        self.scene = open_render_scene()
        self._robot = self._load_robot()
        self._object = self._load_object()
        self._policy_view = policy_view or policy_camera(assets, image_hw)
        self._cameras: dict[tuple[int, int], tuple[Any, Any, PinholeCamera]] = {}
        self._splat: SplatViews | None = None
        self._room: DressableRoom | None = None
        self._tables: dict[tuple[int, bytes, int], BackgroundView] = {}
        self._catcher_light: dict[Any, NDArray[np.float32]] = {}
        match background:
            case SplatBackground():
                self._splat = SplatViews(background)
                self._photographed_light = table_irradiance(background.lights)
                self._catcher = self._load_shadow_catcher()
            case RoomBackground():
                self._room = DressableRoom(self.scene, background.room)
        middle = np.array([0.45, 0.0, assets.table_height_m])
        self._lights = Lights(self.scene, middle)
        self.render(np.array([*assets.start_qpos, *middle, 1, 0, 0, 0]))  # Compiles the shaders.

    def dress(self, dressing: Dressing | None) -> None:
        """Show the room so from the next picture on; as it was filmed when None.

        Raises:
            BadInputError: for a splat, which shows what was filmed and nothing else.
        """
        if self._room is not None:
            self._room.wear(dressing)
        elif dressing is not None:
            raise BadInputError(
                "a reconstructed room cannot be dressed: it is as it was filmed. Leave the "
                "domain's `dressing` out, or render the true room (RoomBackground)"
            )

    def camera(self, image_hw: tuple[int, int] | None = None) -> PinholeCamera:
        """Intrinsics of pictures of this size: the policy's view, or else the whole video image."""
        if image_hw is None or image_hw == self.image_hw:
            return self._policy_view
        return video_camera(self.assets).resized(image_hw[1], image_hw[0])

    def render(
        self,
        env_state: NDArray[np.floating],
        T_world_cam: NDArray[np.floating] | None = None,
        *,
        lights: LightSpec | None = None,
        backdrop: Backdrop | None = None,
        image_hw: tuple[int, int] | None = None,
    ) -> Frame:
        """One picture.

        Args:
            env_state: (16,), as ``SimEnv.env_state`` and ``EnvState.pack``.
            T_world_cam: (4, 4); the video camera by default.
            lights: a neutral default.
            backdrop: other colours of a reconstructed table; of the true room, ``dress`` it.
            image_hw: size; the constructor's by default.
        """
        lights = lights or LightSpec()
        T = np.array(self.assets.T_world_cam) if T_world_cam is None else np.asarray(T_world_cam)
        self._place(env_state)
        self._lights.set(lights)
        rgb, depth, ids = self._shoot(T, image_hw or self.image_hw)
        is_object = ids == self._object.per_scene_id
        if self._splat is not None:
            camera = self._cameras[image_hw or self.image_hw][2]
            view = self._splat.view(T, camera.K, camera.width, camera.height)
            if backdrop is not None:
                view = self._repainted(view, backdrop, T, camera)
            rgb, depth, is_front = self._compose(rgb, depth, ids, view, lights)
            is_object &= is_front
        depth = np.where(np.isfinite(depth), depth, 0)
        s = self._samples(image_hw or self.image_hw)
        return Frame(_shrink(rgb, s), depth[::s, ::s].copy(), is_object[::s, ::s].copy())

    def _samples(self, image_hw: tuple[int, int]) -> int:
        # Larger pictures are for tracking and for people: there, time matters more than edges.
        return self._supersample if image_hw == self.image_hw else 1

    def _place(self, env_state: NDArray[np.floating]) -> None:
        import sapien

        state = EnvState.unpack(np.asarray(env_state, dtype=np.float32))
        self._robot.set_qpos(state.qpos)
        self._object.set_pose(sapien.Pose(list(state.position), list(state.quat_wxyz)))

    def _shoot(
        self, T_world_cam: NDArray[np.floating], image_hw: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """Colour (h, w, 3) in [0, 1], z-depth (h, w; inf for nothing) and entity ids (h, w)."""
        component, entity, _ = self._camera(image_hw)
        place_camera(entity, T_world_cam)
        self.scene.update_render()
        component.take_picture()
        rgb = np.clip(component.get_picture("Color")[..., :3], 0, 1)
        # Camera-frame position in millimetres (OpenGL axes) and entity id.
        position = component.get_picture("PositionSegmentation")
        z, ids = -position[..., 2] * np.float32(1e-3), position[..., 3].astype(np.int32)
        return rgb, np.where(ids > 0, z, np.inf).astype(np.float32), ids

    def _compose(
        self,
        rgb: NDArray[np.float32],
        depth: NDArray[np.float32],
        ids: NDArray[np.int32],
        view: BackgroundView,
        lights: LightSpec,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Foreground over the tinted, shadowed splat: colour, depth, where foreground is."""
        is_catcher = ids == self._catcher.per_scene_id
        is_front = (ids > 0) & ~is_catcher & (depth <= view.depth_m + DEPTH_MARGIN_M)
        tint = (table_irradiance(lights) / self._photographed_light) ** (1 / DISPLAY_GAMMA)
        behind = view.rgb * tint.astype(np.float32)
        on_table = is_catcher & (
            np.abs(np.where(is_catcher, depth, 0) - view.depth_m) < SHADOW_REACH_M
        )
        unshadowed = np.maximum(self._catcher_colour(rgb, is_catcher, lights), 1e-3)
        shade = np.clip(rgb[on_table] / unshadowed, 0, 1)
        behind[on_table] *= shade
        rgb = np.where(is_front[..., None], rgb, np.clip(behind, 0, 1))
        return rgb, np.where(is_front, depth, view.depth_m), is_front

    def _repainted(
        self,
        view: BackgroundView,
        backdrop: Backdrop,
        T_world_cam: NDArray[np.floating],
        camera: PinholeCamera,
    ) -> BackgroundView:
        """The room with an episode's table; kept for the latest episodes."""
        key = (backdrop.seed, T_world_cam.tobytes(), camera.width)
        if key not in self._tables:
            height = self.assets.table_height_m
            self._tables[key] = repainted(view, backdrop, T_world_cam, camera, height)
            if len(self._tables) > CACHED_VIEWS:
                self._tables.pop(next(iter(self._tables)))
        return self._tables[key]

    def _catcher_colour(
        self, rgb: NDArray[np.float32], is_catcher: NDArray[np.bool_], lights: LightSpec
    ) -> NDArray[np.float32]:
        """Colour (3,) of the shadow catcher where no shadow falls."""
        # A matt plane under directional light has one colour: the brightest that is common.
        if lights not in self._catcher_light:
            seen = rgb[is_catcher]
            if len(seen) < 16:
                return np.ones(3, np.float32)
            self._catcher_light[lights] = np.percentile(seen, 95, axis=0).astype(np.float32)
            if len(self._catcher_light) > 256:
                self._catcher_light.pop(next(iter(self._catcher_light)))
        return self._catcher_light[lights]

    def _camera(self, image_hw: tuple[int, int]) -> tuple[Any, Any, PinholeCamera]:
        if image_hw not in self._cameras:
            height, width = image_hw
            s = self._samples(image_hw)
            camera = self.camera(image_hw).resized(width * s, height * s)
            self._cameras[image_hw] = *add_camera(self.scene, camera, shaders="minimal"), camera
        return self._cameras[image_hw]

    def _load_robot(self) -> Any:
        loader = self.scene.create_urdf_loader()
        loader.fix_root_link = True
        return loader.load(str(low_poly_panda(cache_folder())))

    def _load_object(self) -> Any:
        builder = self.scene.create_actor_builder()
        builder.add_visual_from_file(str(self.assets.visual_glb))
        return builder.build_kinematic(name="object")

    def _load_shadow_catcher(self) -> Any:
        """A matt plane at the table's height: never shown, it says where shadows fall."""
        grey = textured_quad(1.6, 1.6, np.full((4, 4, 3), 128, np.uint8))
        entity = add_visual(self.scene, "shadow catcher", [grey], roughness=1.0)
        place(entity, make_se3(np.eye(3), [0.45, 0, self.assets.table_height_m]))
        return entity


def video_camera(assets: SimAssets) -> PinholeCamera:
    """Intrinsics of the video."""
    h, w = assets.image_hw
    return PinholeCamera(w, h, np.array(assets.K))


def policy_camera(assets: SimAssets, image_hw: tuple[int, int] = POLICY_HW) -> PinholeCamera:
    """Intrinsics of the policy's images: the part of the video image that shows the object's path.

    A fixed crop, as X-Sim's, but chosen by the task: a few centimetres matter, and the whole image
    at this size would show the object in a handful of pixels.
    """
    full = video_camera(assets)
    centres = assets.waypoints[:, :3, :3] @ np.array(assets.object_centre)
    centres = np.vstack([centres + assets.waypoints[:, :3, 3], assets.start[:3, 3]])
    low, high = centres.min(axis=0) - VIEW_MARGIN_M, centres.max(axis=0) + VIEW_MARGIN_M
    low[2], high[2] = assets.table_height_m, max(high[2], assets.table_height_m + VIEW_HEIGHT_M)
    corners = np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )
    uv = full.project(transform_points(inverse_se3(np.array(assets.T_world_cam)), corners))
    size = np.array([full.width, full.height], float)
    if not np.isfinite(uv).all():
        return full.resized(image_hw[1], image_hw[0])
    near, far = np.clip(uv.min(axis=0), 0, size), np.clip(uv.max(axis=0), 0, size)
    aspect = image_hw[1] / image_hw[0]
    height = min(max(far[1] - near[1], (far[0] - near[0]) / aspect, 1.0), size[1], size[0] / aspect)
    crop = np.array([height * aspect, height])
    corner = np.clip((near + far) / 2 - crop / 2, 0, size - crop)
    K = full.K.copy()
    K[:2, 2] -= corner
    # The crop's own size need not be whole pixels: it is resized from its real extent.
    scale = image_hw[0] / height
    K[:2, :2] *= scale
    K[:2, 2] = (K[:2, 2] + 0.5) * scale - 0.5
    return PinholeCamera(image_hw[1], image_hw[0], K)


def _shrink(rgb: NDArray[np.float32], s: int) -> NDArray[np.uint8]:
    """Mean over blocks of s x s samples."""
    h, w = rgb.shape[0] // s, rgb.shape[1] // s
    mean = rgb.reshape(h, s, w, s, 3).mean(axis=(1, 3))
    return np.rint(mean * 255).astype(np.uint8)
