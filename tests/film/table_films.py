"""Depth films of boxes on a table, by ray casting in NumPy; each box may move."""

from dataclasses import dataclass

import numpy as np

from xsim_core.geometry import PinholeCamera, inverse_se3, look_at, transform_points

CAMERA = PinholeCamera(320, 240, np.array([[300.0, 0, 159.5], [0, 300.0, 119.5], [0, 0, 1]]))
T_WORLD_CAM = look_at([0.55, 0.08, 0.45], [0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Block:
    """An upright box: its middle on the table in every frame, (t, 3); NaN: it is not there."""

    at_m: np.ndarray
    size_m: tuple

    def box(self, frame=0):
        """Left, top, right, bottom of what it covers in the picture."""
        signs = np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [0, 1])).reshape(3, -1).T
        corners = self.at_m[frame] + signs * np.array(self.size_m)
        pixels = CAMERA.project(transform_points(inverse_se3(T_WORLD_CAM), corners))
        return np.concatenate([pixels.min(0), pixels.max(0)])


def resting(x, y, num, size_m=(0.08, 0.06, 0.05)):
    """A block that stays."""
    return Block(np.tile([x, y, 0.0], (num, 1)), size_m)


def moving(start, end, num, *, first=8, last=20, size_m=(0.08, 0.06, 0.05)):
    """A block that is moved from one place to another between two frames."""
    s = np.clip((np.arange(num) - first) / (last - first), 0, 1)[:, None]
    flat = np.array(start) + s * (np.array(end) - np.array(start))
    return Block(np.column_stack([flat, np.zeros(num)]), size_m)


def arm(num, over_xy, *, first=6, last=22):
    """A long bar that comes in over the picture's edge and lies on what it reaches for."""
    at = np.full((num, 3), np.nan)
    at[first:last] = [over_xy[0], over_xy[1] - 0.48, 0.05]
    return Block(at, (0.04, 1.0, 0.03))


def depth_film(blocks, num, *, noise=1.0, seed=0):
    """Depth (t, h, w) in millimetres, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    rays = CAMERA.unproject(np.ones((CAMERA.height, CAMERA.width))) @ T_WORLD_CAM[:3, :3].T
    eye = T_WORLD_CAM[:3, 3]
    table = np.where(rays[..., 2] < -1e-6, -eye[2] / np.minimum(rays[..., 2], -1e-6), 3.0)
    film, kept = np.zeros((num, CAMERA.height, CAMERA.width), np.uint16), {}
    for t in range(num):
        z = np.minimum(table, 3.0)
        for block in blocks:
            if np.isfinite(block.at_m[t]).all():
                key = (*block.at_m[t], *block.size_m)
                if key not in kept:
                    kept[key] = _depth_of(block.at_m[t], block.size_m, rays)
                z = np.minimum(z, kept[key])
        sigma = noise * (0.001 + 0.0019 * (z - 0.4) ** 2)
        film[t] = np.round(1000 * (z + sigma * rng.standard_normal(z.shape)))
    return film


def _depth_of(at_m, size_m, rays):
    """Depth (h, w) of a box; infinite beside it."""
    half = np.array(size_m) / 2
    middle = at_m + np.array([0, 0, half[2]]) - T_WORLD_CAM[:3, 3]
    near, far = (middle - half) / rays, (middle + half) / rays
    enter, leave = np.minimum(near, far).max(-1), np.maximum(near, far).min(-1)
    return np.where((enter < leave) & (enter > 0), enter, np.inf)
