"""The room from a film whose camera moves: what it saw from each of some viewpoints.

What moves is not room: where other frames looked through a point to what lies behind it, nothing
that lasts is there (space carving, Kutulakos and Seitz 2000). Behind it a viewpoint shows what the
other frames saw from beside.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.film.background import tolerance_m
from xsim_core.geometry import PinholeCamera, inverse_se3, rotation_angle, transform_points

from .unseen import LEAST_HEIGHT_M, Box, Floats, Mask, Table, never_uncovered, table_around

MAX_VIEWS, MAX_FRAMES = 20, 40
"""Viewpoints, and frames that speak of each other; more change little and take time."""
APART_M, APART_RAD = 0.02, np.deg2rad(3)
"""Between viewpoints."""
NUM_WITNESSES = 14
"""Other frames that a frame is held against, spread over the film."""
VOTES = 2
"""So many of them must have looked through a point; one may be wrong."""
COLUMNS = 320
"""At which what moves is looked for."""
NEAR_M, NEAR_PX = 0.012, 2.5
"""Between points of one object, and at least so many pixels at its distance."""
TURNS = 3
BESIDE = 64
"""So large a part of the image's width around the object is taken out with it."""


@dataclass
class Frame:
    """A frame of the film, without what is no room."""

    number: int
    T_world_cam: Floats
    rgb: NDArray[np.uint8]
    depth_m: Floats
    is_gone: Mask
    """(h, w) pixels that show what moved, or the object."""


@dataclass
class Seen:
    """What was seen of the room from one place."""

    T_world_cam: Floats
    picture: NDArray[np.uint8]
    depth_m: Floats
    covered: Mask
    """Pixels in which no frame showed the room."""


def seen_from(
    rgb: Any,
    depth_mm: Any,
    T_world_cam: Floats,
    has_pose: Mask,
    camera: PinholeCamera,
    *,
    init_frame: int,
    box_xyxy: Box,
    diameter_m: float,
) -> tuple[list[Seen], Table | None]:
    """The room from viewpoints along the camera's path, and the table around the object.

    Args:
        rgb: (t, h, w, 3) of the film.
        depth_mm: (t, h, w), 0 is no measurement.
        T_world_cam: (t, 4, 4).
        has_pose: (t,); the others are not looked at.
        camera: of the film.
        init_frame: in which the object was boxed.
        box_xyxy: around it.
        diameter_m: of the object.
    """
    views = viewpoints(T_world_cam, has_pose, init_frame)
    known = np.flatnonzero(has_pose)
    spread = known[np.unique(np.linspace(0, len(known) - 1, MAX_FRAMES).round().astype(int))]
    frames = [
        Frame(
            i,
            T_world_cam[i],
            np.asarray(rgb[i]),
            np.asarray(depth_mm[i]).astype(np.float32) * np.float32(1e-3),
            np.zeros(camera_hw(camera), bool),
        )
        for i in sorted({*spread.tolist(), *views})
    ]
    for frame, gone in zip(frames, [_moved(f, frames, camera) for f in frames], strict=True):
        frame.is_gone = gone
    table = None
    first = next((f for f in frames if f.number == init_frame), None)
    if first is not None:
        table = _take_object_out(first, frames, camera, box_xyxy, diameter_m)
    return [_completed(f, frames, camera) for f in frames if f.number in views], table


def camera_hw(camera: PinholeCamera) -> tuple[int, int]:
    """Rows and columns of its images."""
    return camera.height, camera.width


def viewpoints(T_world_cam: Floats, has_pose: Mask, init_frame: int) -> list[int]:
    """Frames from different places, that of the box among them."""
    known = np.flatnonzero(has_pose).tolist()
    chosen = [init_frame] if has_pose[init_frame] else known[:1]
    for i in known:
        others = T_world_cam[chosen]
        far = np.linalg.norm(others[:, :3, 3] - T_world_cam[i, :3, 3], axis=1) > APART_M
        turned = rotation_angle(others[:, :3, :3], T_world_cam[i, :3, :3]) > APART_RAD
        if (far | turned).all():
            chosen.append(i)
    if len(chosen) > MAX_VIEWS:
        keep = np.linspace(0, len(chosen) - 1, MAX_VIEWS).round().astype(int)
        chosen = [chosen[k] for k in keep]
    return sorted(chosen)


def _witnesses(frame: Frame, frames: list[Frame]) -> list[Frame]:
    others = [f for f in frames if f is not frame]
    step = max(1, -(-len(others) // NUM_WITNESSES))
    return others[::step]


def _moved(frame: Frame, frames: list[Frame], camera: PinholeCamera) -> Mask:
    """Pixels (h, w) that show what other frames looked through."""
    import cv2

    step = max(1, camera.width // COLUMNS)
    points = transform_points(frame.T_world_cam, camera.unproject(frame.depth_m))[::step, ::step]
    is_measured = frame.depth_m[::step, ::step] > 0
    votes = np.zeros(is_measured.shape, np.int64)
    for other in _witnesses(frame, frames):
        uv, z = _pixels(points, other, camera)
        # At an edge a pixel beside it sees past it: all around must lie behind.
        behind = cv2.erode(other.depth_m, np.ones((3, 3), np.uint8))
        inside = is_measured & _inside(uv, z, camera)
        behind_m = np.zeros(votes.shape, np.float32)
        behind_m[inside] = behind[uv[inside][:, 1], uv[inside][:, 0]]
        votes += (behind_m > 0) & (z < behind_m - 3 * tolerance_m(behind_m))
    small = (votes >= VOTES).astype(np.uint8)
    small = cv2.morphologyEx(small, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    small = cv2.dilate(small, np.ones((5, 5), np.uint8))
    size = camera.width, camera.height
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)).astype(bool)


def _pixels(
    points: Floats, frame: Frame, camera: PinholeCamera
) -> tuple[NDArray[np.int64], Floats]:
    """Where a frame shows points (..., 3) of the world, and how deep."""
    at = transform_points(inverse_se3(frame.T_world_cam), points.reshape(-1, 3))
    at = at.reshape(points.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        uv = np.nan_to_num(np.rint(camera.project(at)), nan=-1, posinf=-1, neginf=-1)
    return np.clip(uv, -1, 1 << 20).astype(np.int64), at[..., 2]


def _inside(uv: NDArray[np.int64], z: Floats, camera: PinholeCamera) -> Mask:
    return (z > 0) & (uv >= 0).all(-1) & (uv < (camera.width, camera.height)).all(-1)


def _take_object_out(
    first: Frame, frames: list[Frame], camera: PinholeCamera, box_xyxy: Box, diameter_m: float
) -> Table | None:
    """Mark in every frame what still stands where the object stood; answers the table."""
    import cv2

    lasting = np.where(first.is_gone, 0, first.depth_m)
    points = transform_points(first.T_world_cam, camera.unproject(lasting))
    table = table_around(points, lasting > 0, box_xyxy)
    if table is None:
        return None
    stands = never_uncovered(lasting, first.depth_m, table, points, box_xyxy)
    known = points[stands & (lasting > 0) & (table.over(points) > LEAST_HEIGHT_M)]
    if not len(known):
        return table
    far_m = float(np.median(np.linalg.norm(known - first.T_world_cam[:3, 3], axis=1)))
    near_m = max(NEAR_M, NEAR_PX * far_m / camera.K[0, 0])
    known = _one_thing(known, frames, camera, table, diameter_m, near_m)
    tree = cKDTree(known)
    # Its foot is as low as the table's noise, and its edge is leaked onto what is beside it.
    size = 2 * max(3, camera.width // BESIDE) + 1
    around_object = np.ones((size, size), np.uint8)
    for frame in frames:
        around = transform_points(frame.T_world_cam, camera.unproject(frame.depth_m))
        is_near = (frame.depth_m > 0) & _in_reach(around, known, diameter_m)
        is_near[is_near] = tree.query(around[is_near], distance_upper_bound=near_m)[0] < near_m
        mask = cv2.dilate(is_near.astype(np.uint8), around_object).astype(bool)
        frame.is_gone = frame.is_gone | mask
    return table


def _in_reach(points: Floats, known: Floats, diameter_m: float) -> Mask:
    return np.linalg.norm(points - np.median(known, axis=0), axis=-1) < diameter_m


def _one_thing(
    known: Floats,
    frames: list[Frame],
    camera: PinholeCamera,
    table: Table,
    diameter_m: float,
    near_m: float,
) -> Floats:
    """The object's points, grown to the sides that other frames see, never beyond its size."""
    step = max(1, camera.width // COLUMNS)
    found = known[:: max(1, len(known) // 4000)]
    for _ in range(TURNS):
        for frame in frames[:: max(1, len(frames) // 8)]:
            depth = np.where(frame.is_gone, 0, frame.depth_m)
            points = transform_points(frame.T_world_cam, camera.unproject(depth))[::step, ::step]
            fits = (depth[::step, ::step] > 0) & (table.over(points) > LEAST_HEIGHT_M)
            fits &= _in_reach(points, known, diameter_m)
            near = points[fits]
            far_m = cKDTree(found).query(near, distance_upper_bound=near_m)[0]
            found = np.concatenate([found, near[(far_m < near_m) & (far_m > 0.2 * near_m)]])
    return found


def _completed(view: Frame, frames: list[Frame], camera: PinholeCamera) -> Seen:
    """The room from a viewpoint: its own, and behind what is no room that of the other frames."""
    own = np.where(view.is_gone, 0, view.depth_m)
    depths, colours = [own], [view.rgb]
    for other in _witnesses(view, frames):
        depth_m, rgb = _as_seen_from(view, other, camera)
        depths.append(depth_m)
        colours.append(rgb)
    stack, front = np.stack(depths), _front(np.stack(depths))
    is_front = (np.abs(stack - front) < tolerance_m(front)) & (front > 0) & (stack > 0)
    depth_m = np.where(front > 0, _median(np.where(is_front, stack, np.nan)), 0)
    depth_m = np.where((own > 0) & ~is_front[0], own, depth_m).astype(np.float32)
    hole = view.is_gone
    picture = view.rgb.copy()
    known = hole & is_front.any(0)
    seen = np.where(is_front[:, known, None], np.stack(colours)[:, known], np.nan)
    picture[known] = np.rint(_median(seen.astype(np.float32)))
    return Seen(view.T_world_cam, picture, depth_m, hole & ~known)


def _as_seen_from(
    view: Frame, other: Frame, camera: PinholeCamera
) -> tuple[Floats, NDArray[np.uint8]]:
    """Depth and colour of another frame's room, carried over to a viewpoint; the nearest wins."""
    is_room = (other.depth_m > 0) & ~other.is_gone
    points = transform_points(other.T_world_cam, camera.unproject(other.depth_m)[is_room])
    uv, z = _pixels(points, view, camera)
    inside = _inside(uv, z, camera)
    order = np.flatnonzero(inside)[np.argsort(-z[inside])]
    depth_m, rgb = np.zeros(other.depth_m.shape, np.float32), np.zeros_like(other.rgb)
    at = uv[order, 1], uv[order, 0]
    depth_m[at], rgb[at] = z[order], other.rgb[is_room][order]
    return depth_m, rgb


def _front(depths: Floats) -> Floats:
    """The nearest depth (h, w) that two frames of (n, h, w) agree on; 0 where none do."""
    ordered = np.sort(np.where(depths > 0, depths, np.inf).astype(np.float32), axis=0)
    with np.errstate(invalid="ignore"):
        agree = (ordered[1:] - ordered[:-1]) < tolerance_m(ordered[:-1])
    agree &= np.isfinite(ordered[1:])
    at = agree.argmax(axis=0)
    front = np.take_along_axis(ordered, at[None], 0)[0]
    return np.where(agree.any(axis=0), front, 0).astype(np.float32)


def _median(values: Floats) -> Floats:
    """Over the first axis without NaN; 0 where there is nothing else."""
    ordered, count = np.sort(values, axis=0), np.isfinite(values).sum(0)
    at = (np.maximum(count - 1, 0) // 2)[None]
    return np.where(count > 0, np.take_along_axis(ordered, at, 0)[0], 0)
