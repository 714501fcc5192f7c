"""The surface that the object lies on, from the depth around its box."""

import numpy as np

from xsim_core.geometry.arrays import BoxXyxy, Points3
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.terms import depth_sigma

AROUND = 0.6
"""How far around the box the surface is looked for, in box sides."""
NUM_TRIALS, NUM_VOTES = 200, 1500
MIN_SHARE = 0.35
"""Of what is measured around the box, how much must lie in one plane."""


class Support:
    """A plane in the camera frame: ``normal . p = offset_m``; the normal points to the camera."""

    def __init__(self, normal: Points3, offset_m: float) -> None:
        """Hold a unit normal (3,) and the distance of the origin."""
        self.normal, self.offset_m = normal, offset_m

    def heights(self, points_cam: Points3) -> Points3:
        """Metres (...) above the plane of points (..., 3)."""
        return np.asarray(points_cam @ self.normal - self.offset_m)


def measured_points(level: Level) -> Points3:
    """Points (h, w, 3) in the camera frame; where nothing is measured, the origin."""
    return np.asarray(level.camera.unproject(level.depth_m), np.float64)


def find_support(level: Level, box: BoxXyxy, config: TrackerConfig) -> Support | None:
    """The plane around a box (x0, y0, x1, y1), or None where no plane is most of what is there.

    RANSAC (Fischler and Bolles, 1981) with a fixed seed, then a least-squares plane of the inliers.
    """
    points = _points_around(level, box)
    if len(points) < 50:
        return None
    rng = np.random.default_rng(0)
    corners = points[rng.integers(0, len(points), (NUM_TRIALS, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=-1)
    is_plane = length > 1e-8
    if not is_plane.any():
        return None
    normals = normals[is_plane] / length[is_plane, None]
    offsets = (normals * corners[is_plane, 0]).sum(-1)
    voters = points[:: max(1, len(points) // NUM_VOTES)]
    agree = np.abs(voters @ normals.T - offsets) < _tolerance(voters, config)[:, None]
    best = int(agree.mean(0).argmax())
    inlier = np.abs(points @ normals[best] - offsets[best]) < _tolerance(points, config)
    if inlier.mean() < MIN_SHARE:
        return None
    middle = points[inlier].mean(0)
    normal = np.linalg.svd(points[inlier] - middle, full_matrices=False)[2][2]
    normal = -normal if normal @ middle > 0 else normal
    return Support(normal, float(normal @ middle))


def _tolerance(points: Points3, config: TrackerConfig) -> Points3:
    return 2 * depth_sigma(points[:, 2], config) + 0.001


def _points_around(level: Level, box: BoxXyxy) -> Points3:
    """Measured points (n, 3) around the box, not in it."""
    x0, y0, x1, y1 = (float(b) for b in box)
    dx, dy = AROUND * (x1 - x0), AROUND * (y1 - y0)
    h, w = level.depth_m.shape
    v, u = np.mgrid[0:h, 0:w]
    near = (u >= x0 - dx) & (u <= x1 + dx) & (v >= y0 - dy) & (v <= y1 + dy)
    inside = (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1)
    return measured_points(level)[near & ~inside & (level.depth_m > 0)]
