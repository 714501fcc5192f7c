"""A tiny posed set: photos of a box on a table, cast from a formula."""

from dataclasses import dataclass

import numpy as np
import pytest

from xsim_core.artifacts import ArtifactRef, PosedImages
from xsim_core.geometry import PinholeCamera, look_at, transform_points
from xsim_core.storage import ArtifactStore

BOX_MIN, BOX_MAX = np.array([0.45, -0.05, 0.0]), np.array([0.57, 0.07, 0.12])


@dataclass(frozen=True)
class Photos:
    """What the scan stage would have found, and the depth that nobody would know."""

    camera: PinholeCamera
    images: np.ndarray
    depth_m: np.ndarray
    T_world_cam: np.ndarray
    points_world: np.ndarray
    points_rgb: np.ndarray


ROOM_MIN, ROOM_MAX = np.array([-1.0, -1.5, -0.6]), np.array([2.0, 1.5, 1.6])


def colour_at(points):
    """A smooth pattern in space, rgb in [0, 1]; coarser on the room's far walls."""
    waves = np.random.default_rng(1).normal(size=(3, 3))
    is_near = (np.abs(points - [0.5, 0, 0]).max(-1) < 0.61)[..., None]
    return 0.5 + 0.4 * np.sin(np.where(is_near, 25, 5) * (points @ waves) + [0, 2, 4])


def cast(origin, rays):
    """Multiples of the rays (..., 3) to the box, the table top at z = 0, or the room's walls."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (BOX_MIN - origin) / rays, (BOX_MAX - origin) / rays
        walls = np.maximum((ROOM_MIN - origin) / rays, (ROOM_MAX - origin) / rays).min(-1)
        table = -origin[2] / rays[..., 2]
    enter, leave = np.minimum(low, high).max(-1), np.maximum(low, high).min(-1)
    box = np.where((enter > 0) & (enter < leave), enter, np.inf)
    on_table = np.abs(origin + table[..., None] * rays - [0.5, 0, 0]).max(-1) < 0.6
    return np.minimum(walls, np.minimum(box, np.where((table > 0) & on_table, table, np.inf)))


def take_photo(camera, T_world_cam):
    """rgb (h, w, 3) and z-depth (h, w)."""
    rays = camera.unproject(np.ones((camera.height, camera.width))) @ T_world_cam[:3, :3].T
    depth_m = cast(T_world_cam[:3, 3], rays)
    return colour_at(T_world_cam[:3, 3] + depth_m[..., None] * rays), depth_m


@pytest.fixture(scope="session")
def photos() -> Photos:
    rng = np.random.default_rng(0)
    camera = PinholeCamera.from_fov(80, 60, 0.9)
    fine = camera.resized(240, 180)
    T_world_cam = np.stack(
        [
            look_at(
                [0.5 + 0.8 * np.cos(t), 0.8 * np.sin(t), 0.45 + 0.25 * np.sin(3 * t)], [0.5, 0, 0]
            )
            for t in np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ]
    )
    images, depths, points = [], [], []
    for T in T_world_cam:
        rgb, _ = take_photo(fine, T)
        _, depth_m = take_photo(camera, T)
        rows, cols = rng.integers(0, 60, 25), rng.integers(0, 80, 25)
        seen = camera.unproject(depth_m)[rows, cols]
        images.append(rgb.reshape(60, 3, 80, 3, 3).mean((1, 3)))
        depths.append(depth_m)
        points.append(transform_points(T, seen + rng.normal(0, 0.001, seen.shape)))
    points_world = np.concatenate(points).astype(np.float32)
    return Photos(
        camera,
        np.rint(np.stack(images) * 255).astype(np.uint8),
        np.stack(depths),
        T_world_cam,
        points_world,
        np.rint(np.clip(colour_at(points_world), 0, 1) * 255).astype(np.uint8),
    )


def commit_photos(store: ArtifactStore, photos: Photos, **changes) -> ArtifactRef:
    """Put the photos into a store as the scan stage would."""
    n = len(photos.images)
    arrays = {
        "images": photos.images,
        "T_world_cam": photos.T_world_cam,
        "K": photos.camera.K,
        "photo_index": np.arange(n),
        "is_held_out": np.arange(n) % 8 == 3,
        "points_world": photos.points_world,
        "points_rgb": photos.points_rgb,
    } | changes
    writer = store.begin("posed_images", "0" * 24)
    writer.write_all(arrays)
    summary = PosedImages(
        num_images=n, num_photos=n, reprojection_error_px=0.4, board_rms_mm=0.2, num_board_images=n
    )
    return store.commit(
        writer, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )
