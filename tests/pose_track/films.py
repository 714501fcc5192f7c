"""Films with a known truth, and what goes wrong in recordings: dropped, frozen, covered frames."""

from dataclasses import dataclass, replace

import numpy as np

from tests.tracking.scenes import BOARD, T_WORLD_CAM, Scene, box_of, l_block, make_camera, pushed
from xsim_core.geometry import (
    BoardSpec,
    PinholeCamera,
    TexturedMesh,
    inverse_se3,
    make_se3,
    transform_points,
)


@dataclass(frozen=True)
class Film:
    """An RGB-D film of an object, where it truly was, and the board beside it."""

    rgb: np.ndarray
    depth_mm: np.ndarray
    timestamps_s: np.ndarray
    K: np.ndarray
    T_world_object: np.ndarray
    T_world_cam: np.ndarray
    mesh: TexturedMesh
    board: BoardSpec
    box: tuple

    def taken(self, frames, timestamps_s=None):
        """These frames only; ``timestamps_s`` as a recorder that counts frames would write."""
        times = self.timestamps_s[frames] if timestamps_s is None else np.asarray(timestamps_s)
        return replace(
            self,
            rgb=self.rgb[frames],
            depth_mm=self.depth_mm[frames],
            timestamps_s=times,
            T_world_object=self.T_world_object[frames],
        )

    def frozen(self, first, last, streams=("rgb", "depth_mm")):
        """Frames from ``first`` to before ``last`` show what the one before them showed."""
        still = {name: getattr(self, name).copy() for name in streams}
        for frames in still.values():
            frames[first:last] = frames[first - 1]
        return replace(self, **still)

    def without_depth(self, frames):
        depth_mm = self.depth_mm.copy()
        depth_mm[frames] = 0
        return replace(self, depth_mm=depth_mm)

    def covered(self, frames, *, margin_px=16, seed=0):
        """A hand's back, 6 cm before the object, hides all of it."""
        rng, T_cam_world = np.random.default_rng(seed), inverse_se3(self.T_world_cam)
        rgb, depth_mm = self.rgb.copy(), self.depth_mm.copy()
        for i in frames:
            points = transform_points(T_cam_world @ self.T_world_object[i], self.mesh.vertices)
            pixels = points @ self.K.T
            pixels = pixels[:, :2] / pixels[:, 2:]
            x0, y0 = np.maximum(pixels.min(0) - margin_px, 0).astype(int)
            x1, y1 = (pixels.max(0) + margin_px).astype(int)
            cut = i, slice(y0, y1), slice(x0, x1)
            rgb[cut] = np.clip(rng.normal((205, 150, 125), 4, rgb[cut].shape), 0, 255)
            depth_mm[cut] = 1000 * (points[:, 2].min() - 0.06) + rng.normal(
                0, 2, depth_mm[cut].shape
            )
        return replace(self, rgb=rgb, depth_mm=depth_mm)

    def without_object(self, frames):
        """A small film in which the object is out of the picture for some frames."""
        scene, elsewhere = Scene(self.camera, self.mesh), make_se3(np.eye(3), [5.0, 5.0, 0.0])
        rgb, depth_mm, T = self.rgb.copy(), self.depth_mm.copy(), self.T_world_object.copy()
        for i in frames:
            rgb[i], depth_m = scene.render(elsewhere)
            depth_mm[i], T[i] = np.round(1000 * depth_m), elsewhere
        return replace(self, rgb=rgb, depth_mm=depth_mm, T_world_object=T)

    def window(self, start_s, end_s):
        """First frame of a stretch of time and the first behind it."""
        first, last = np.searchsorted(self.timestamps_s, [start_s - 1e-6, end_s - 1e-6])
        return int(first), int(last)

    @property
    def camera(self):
        return PinholeCamera(self.rgb.shape[2], self.rgb.shape[1], self.K)

    @property
    def arrays(self):
        """As the ingested capture holds them."""
        return {
            "video/rgb": self.rgb,
            "video/depth_mm": self.depth_mm,
            "video/timestamps_s": self.timestamps_s,
            "video/K": self.K,
            "photos": np.zeros((0, 4, 4, 3), np.uint8),
            "object/vertices": self.mesh.vertices,
            "object/faces": self.mesh.faces,
            "object/uv": self.mesh.uv,
            "object/texture": self.mesh.texture,
        }

    @property
    def T_cam_object(self):
        return inverse_se3(self.T_world_cam) @ self.T_world_object

    @property
    def path_m(self):
        return float(np.linalg.norm(np.diff(self.T_world_object[:, :3, 3], axis=0), axis=1).sum())


def small_film(num_frames=30, *, with_hand=True, show_board=True):
    """The block pushed by a hand at ten frames a second, by ray casting."""
    camera, mesh = make_camera(400, 300), l_block()
    scene = Scene(camera, mesh)
    if not show_board:
        scene.board[:] = 255
    frames, T = pushed(scene, num_frames, with_hand=with_hand)
    depth_mm = np.stack([np.round(1000 * depth_m).astype(np.uint16) for _, depth_m in frames])
    return Film(
        rgb=np.stack([rgb for rgb, _ in frames]),
        depth_mm=depth_mm,
        timestamps_s=np.arange(num_frames) / 10.0,
        K=camera.K,
        T_world_object=T,
        T_world_cam=T_WORLD_CAM,
        mesh=mesh,
        board=BOARD,
        box=box_of(mesh, T[0], camera),
    )
