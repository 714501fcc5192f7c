"""The plane on which the object stands, from one depth image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera

Floats = NDArray[np.float64]

MAX_POINTS = 6000
NUM_TRIES = 300
MIN_SHARE = 0.3
"""Of the measured pixels around the object that must lie on it."""
MIN_POINTS = 200


@dataclass(frozen=True)
class Plane:
    """Points p of the camera's frame with ``normal · p + offset_m = 0``; the camera is above."""

    normal_cam: Floats
    """(3,), of length 1, on the camera's side."""
    offset_m: float
    """The camera's height over it."""
    share: float
    """Of the looked-at pixels that lie on it."""

    def height_m(self, points_cam: Floats) -> Floats:
        """Heights (...) of points (..., 3) over the plane."""
        return points_cam @ self.normal_cam + self.offset_m


def support_plane(
    depth_m: Floats, camera: PinholeCamera, box_xyxy: tuple[float, float, float, float]
) -> Plane | None:
    """The plane around the object, by RANSAC and least squares; None where there is none.

    Args:
        depth_m: (h, w); 0 is no measurement.
        camera: of the image.
        box_xyxy: around the object.
    """
    points = camera.unproject(depth_m)
    around = _ring(depth_m, box_xyxy, 1.0)
    # A camera that looks along the table sees it below the object, and the room's end above it.
    below = around.copy()
    below[: _span(0, (box_xyxy[1] + box_xyxy[3]) / 2, len(below)).stop] = False
    for ring in (around, below, _ring(depth_m, box_xyxy, 100.0)):  # At last the whole picture.
        if ring.sum() >= MIN_POINTS and (plane := _fit(points[ring])):
            return plane
    return None


def _ring(
    depth_m: Floats, box: tuple[float, float, float, float], reach: float
) -> NDArray[np.bool_]:
    """Measured pixels within ``reach`` of the box's own size around it, without the box."""
    height, width = depth_m.shape
    x0, y0, x1, y1 = box
    dx, dy = reach * (x1 - x0), reach * (y1 - y0)
    ring = np.zeros(depth_m.shape, bool)
    ring[_span(y0 - dy, y1 + dy, height), _span(x0 - dx, x1 + dx, width)] = True
    ring[_span(y0, y1, height), _span(x0, x1, width)] = False
    return ring & (depth_m > 0)


def _span(low: float, high: float, size: int) -> slice:
    return slice(int(np.clip(low, 0, size)), int(np.clip(np.ceil(high), 0, size)))


def _fit(points: Floats) -> Plane | None:
    rng = np.random.default_rng(0)
    if len(points) > MAX_POINTS:
        points = points[rng.choice(len(points), MAX_POINTS, replace=False)]
    # A depth camera's noise grows with the square of the distance.
    tolerance = 0.004 + 0.004 * points[:, 2] ** 2
    corners = points[rng.integers(len(points), size=(NUM_TRIES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    is_plane = lengths > 1e-9
    normals, corners = normals[is_plane] / lengths[is_plane, None], corners[is_plane]
    if len(normals) == 0:
        return None
    distances = np.abs(points @ normals.T - np.sum(normals * corners[:, 0], axis=1))
    best = int((distances < tolerance[:, None]).sum(axis=0).argmax())
    on = distances[:, best] < tolerance
    normal = normals[best]
    for _ in range(3):
        if on.mean() < MIN_SHARE:
            return None
        middle = points[on].mean(axis=0)
        normal = np.linalg.svd(points[on] - middle, full_matrices=False)[2][2]
        on = np.abs((points - middle) @ normal) < tolerance
    middle = points[on].mean(axis=0)
    offset_m = -float(normal @ middle)
    sign = 1.0 if offset_m > 0 else -1.0
    return Plane(sign * normal, sign * offset_m, float(on.mean()))
