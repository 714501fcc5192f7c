"""The table as a film shows it, and what of the room nobody saw: under the object, out of view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.film.background import tolerance_m
from xsim_core.geometry import PinholeCamera, inverse_se3, transform_points

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]

MIN_RING_POINTS = 200
LEAST_HEIGHT_M = 0.006
"""Over the table; what is flatter cannot be told from it by depth."""
MARGIN_M = 0.2
"""How far the table is taken to go on beyond what was seen of it."""
STEP_M = 0.02
"""Between points of the table that is taken to go on."""
HIDDEN = 1.1
"""A point so much farther than what is seen in its direction lies behind it."""


@dataclass(frozen=True)
class Table:
    """The plane around the object: z = slope . (x, y) + height."""

    slope: Floats
    """(2,) dz/dx, dz/dy."""
    height_m: float
    """At x = y = 0."""

    def over(self, points_world: Floats) -> Floats:
        """Heights (...,) of points (..., 3) over it."""
        return points_world[..., 2] - points_world[..., :2] @ self.slope - self.height_m

    def depth_along(self, rays_world: Floats, eye_world: Floats) -> Floats:
        """Multiples (...,) of rays (..., 3) at which they meet it; infinite where they do not."""
        down = rays_world[..., :2] @ self.slope - rays_world[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = self.over(eye_world) / down
        return np.where(t > 0, t, np.inf)


def table_around(points_world: Floats, is_measured: Mask, box_xyxy: Box) -> Table | None:
    """The plane of what surrounds a box in the image; None where too little is measured there.

    Least squares on the points nearest to the plane of the turn before.

    Args:
        points_world: (h, w, 3).
        is_measured: (h, w).
        box_xyxy: left, top, right, bottom in pixels.
    """
    x0, y0, x1, y1 = box_xyxy
    v, u = np.mgrid[: is_measured.shape[0], : is_measured.shape[1]]
    dx, dy = 0.75 * (x1 - x0), 0.75 * (y1 - y0)
    near = (u > x0 - dx) & (u < x1 + dx) & (v > y0 - dy) & (v < y1 + dy)
    inner = (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1)
    points = points_world[near & ~inner & is_measured]
    if len(points) < MIN_RING_POINTS:
        return None
    table = Table(np.zeros(2), float(np.median(points[:, 2])))
    for limit_m in (0.03, 0.015, 0.008, 0.008):
        on = points[np.abs(table.over(points)) < limit_m]
        if len(on) < MIN_RING_POINTS // 2:
            return None
        *slope, height = np.linalg.lstsq(np.c_[on[:, :2], np.ones(len(on))], on[:, 2], rcond=None)[
            0
        ]
        table = Table(np.array(slope), float(height))
    return table


def never_uncovered(
    depth_m: Floats, first_m: Floats, table: Table, points_world: Floats, box_xyxy: Box
) -> Mask:
    """Pixels (h, w) in the box where the object stood in the whole film.

    There what is taken for the room is as near as the object was, and stands out of the table.

    Args:
        depth_m: (h, w) of the background.
        first_m: (h, w) of the frame in which the box was drawn.
        table: around the box.
        points_world: (h, w, 3) of the background.
        box_xyxy: around the object.
    """
    import cv2

    h, w = depth_m.shape
    x0, y0, x1, y1 = (round(v) for v in box_xyxy)
    in_box = np.zeros((h, w), bool)
    in_box[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1] = True
    is_same = np.abs(depth_m - first_m) < tolerance_m(np.asarray(depth_m, np.float32))
    stands = (depth_m > 0) & is_same & (table.over(points_world) > LEAST_HEIGHT_M) & in_box
    # Single pixels are noise of the depth.
    stands = cv2.morphologyEx(stands.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    # The object's edge is leaked onto the table beside it, in depth and in colour.
    return cv2.dilate(stands, np.ones((7, 7), np.uint8)).astype(bool)


def fill(
    pictures: NDArray[np.uint8], depth_m: Floats, where: Mask, on_table_m: Floats
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Pictures (k, h, w, 3) and depth (h, w) with the table continued over masked pixels.

    Colours come from around the gap (Telea, An image inpainting technique based on the fast
    marching method, 2004).
    """
    import cv2

    if not where.any():
        return pictures, np.asarray(depth_m, np.float32)
    hole = where.astype(np.uint8)
    filled = np.stack([cv2.inpaint(p, hole, 5, cv2.INPAINT_TELEA) for p in pictures])
    depth = np.where(where, np.where(np.isfinite(on_table_m), on_table_m, 0), depth_m)
    return filled.astype(np.uint8), depth.astype(np.float32)


def table_beyond(
    table: Table,
    seen_world: Floats,
    seen_rgb: NDArray[np.uint8],
    views: list[tuple[PinholeCamera, Floats, Floats]],
) -> tuple[Floats, NDArray[np.uint8]]:
    """Points (p, 3) of the table where no camera looked or something stood before it.

    Args:
        table: to continue.
        seen_world: (n, 3) points that were seen.
        seen_rgb: (n, 3) their colours, which those beyond take over.
        views: camera, ``T_world_cam`` (4, 4) and depth (h, w) of each.
    """
    on = np.abs(table.over(seen_world)) < 0.01
    if on.sum() < MIN_RING_POINTS:
        return np.zeros((0, 3)), np.zeros((0, 3), np.uint8)
    points, rgb = seen_world[on], seen_rgb[on]
    low, high = np.quantile(points[:, :2], (0.01, 0.99), axis=0)
    axes = [np.arange(a - MARGIN_M, b + MARGIN_M, STEP_M) for a, b in zip(low, high, strict=True)]
    xy = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    grid = np.c_[xy, xy @ table.slope + table.height_m]
    unseen = np.ones(len(grid), bool)
    for camera, T_world_cam, depth_m in views:
        unseen &= ~_sees(camera, T_world_cam, depth_m, grid)
    _, nearest = cKDTree(points[:, :2]).query(xy[unseen], k=min(32, len(points)))
    return grid[unseen], np.median(rgb[nearest], axis=1).astype(np.uint8)


def _sees(
    camera: PinholeCamera, T_world_cam: Floats, depth_m: Floats, points_world: Floats
) -> Mask:
    """Which points (p, 3) are in view with nothing before them."""
    points_cam = transform_points(inverse_se3(T_world_cam), points_world)
    uv = np.nan_to_num(np.rint(camera.project(points_cam)), nan=-1).astype(int)
    inside = ((uv >= 0) & (uv < (camera.width, camera.height))).all(1)
    nearest = np.zeros(len(points_world))
    nearest[inside] = depth_m[uv[inside, 1], uv[inside, 0]]
    is_hidden = (nearest > 0) & (points_cam[:, 2] > HIDDEN * nearest)
    return inside & ~is_hidden


def seen_through(points_world: Floats, others: list[tuple[PinholeCamera, Floats, Floats]]) -> Mask:
    """Points (..., 3) where another view looked past: nothing that lasts is there.

    Args:
        points_world: of one view's background; those not measured are NaN.
        others: camera, ``T_world_cam`` and background's depth of the other views.
    """
    empty = np.zeros(points_world.shape[:-1], bool)
    for camera, T_world_cam, depth_m in others:
        points_cam = transform_points(inverse_se3(T_world_cam), points_world)
        uv = np.nan_to_num(np.rint(camera.project(points_cam)), nan=-1).astype(int)
        inside = ((uv >= 0) & (uv < (camera.width, camera.height))).all(-1)
        behind_m = np.zeros(empty.shape)
        behind_m[inside] = depth_m[uv[inside][:, 1], uv[inside][:, 0]]
        # Three times: at an edge a pixel beside it sees past it too.
        margin = 3 * tolerance_m(behind_m.astype(np.float32))
        empty |= (behind_m > 0) & (points_cam[..., 2] < behind_m - margin)
    return empty
