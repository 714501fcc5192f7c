"""The room from a mesh or Gaussians that somebody reconstructed: pictures of it from all round.

The Gaussians lie in the world's frame, as they came with the capture; what the film's object was
scanned with is cut out, and the table is closed under it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.artifacts import Capture, PosedImages
from xsim_core.errors import QualityGateError
from xsim_core.film.camera_path import follow_camera
from xsim_core.film.frames import Video, open_video
from xsim_core.film.gates import UsualGates
from xsim_core.geometry import (
    PinholeCamera,
    inverse_se3,
    look_at,
    matrix_to_quat_wxyz,
    transform_points,
)
from xsim_core.rasterize import Gaussians2D, render_numpy
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .pictures import top_view
from .unseen import Box, Floats, Table, table_around

NAMES = ("means", "quats_wxyz", "scales", "opacities", "sh0")
WIDTH = 320
RINGS = ((34.0, 0.78), (55.0, 0.95))
"""Elevation in degrees and distance from the object in metres: as one walks round a table."""
AROUND = 14
BESIDE_M = (0.0, 0.06, -0.06)
"""Of the film's camera: a policy's stands near it."""
HELD_OUT_EVERY = 8
LEAST_VIEWS = 8
COVERED, SOLID, NEAREST_M, MOST_NEAR = 0.5, 0.9, 0.12, 0.05
"""A picture of which less shows the room, or more is nearer, is from behind or within something."""
REACH_M = 4.0
MAX_POINTS = 12_000
LOWEST_M, WIDER = 0.006, 1.15
"""What stands higher over the table belongs to the object, within so many of its radii."""
APART_M = 0.006

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class _Object:
    """Where the film's object stands at first."""

    table: Table
    middle: Floats
    """(3,) in the world."""
    radius_m: float


def room_from_file(capture: OpenArtifact[Capture], *, out: ArtifactWriter) -> PosedImages:
    """Images of the room that was brought, posed, and points of its surface.

    Raises:
        BadInputError: when nothing tells where the camera stands.
        QualityGateError: when the room shows too little from round the object.
    """
    video, summary = open_video(capture), capture.summary
    path = follow_camera(video, summary, UsualGates())
    T_world_cam = path.world.T_world_cam
    room: Arrays = {name: capture.array(f"room/{name}") for name in NAMES}
    thing = _object(video, T_world_cam, summary.init_frame, summary.init_box_xyxy, capture)
    middle = T_world_cam[:3, 3] + 0.8 * T_world_cam[:3, 2] if thing is None else thing.middle
    room = _rows(room, np.linalg.norm(room["means"] - middle, axis=1) < REACH_M)
    num_cut = num_filled = 0
    if thing is not None:
        room, num_cut, num_filled = without_object(room, thing)
    camera = video.camera
    if camera.width > WIDTH:
        camera = camera.resized(WIDTH, round(camera.height * WIDTH / camera.width))
    seen = _pictures(room, viewpoints(T_world_cam, middle), camera, out)
    pictures, poses = seen.rgb, seen.T_world_cam
    n = len(poses)
    points, rgb = _points(seen, camera)
    out.write("images", pictures)
    out.write("T_world_cam", poses)
    out.write("K", camera.K)
    out.write("photo_index", np.full(n, -1, np.int64))
    out.write("is_held_out", np.arange(n) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1)
    out.write("points_world", points)
    out.write("points_rgb", rgb)
    out.add_file("scan_top_view.png", top_view(poses, points, rgb, summary.board))
    out.progress(1.0, {"images": float(n), "points": float(len(points))})
    return PosedImages(
        num_images=n,
        num_photos=0,
        num_board_images=path.world.num_frames,
        notes=_notes(len(room["means"]), n, thing, num_cut, num_filled),
    )


def viewpoints(T_world_film: Floats, middle: Floats) -> list[Floats]:
    """Poses (4, 4) round what is looked at, and beside the film's camera."""
    poses: list[Floats] = []
    for ring, (elevation_deg, distance_m) in enumerate(RINGS):
        up = np.deg2rad(elevation_deg)
        for k in range(AROUND):
            azimuth = 2 * np.pi * (k + 0.5 * ring) / AROUND
            arm = [np.cos(azimuth) * np.cos(up), np.sin(azimuth) * np.cos(up), np.sin(up)]
            poses.append(look_at(middle + distance_m * np.array(arm), middle))
    eye, ahead = T_world_film[:3, 3], T_world_film[:3, 3] + 0.8 * T_world_film[:3, 2]
    for right in BESIDE_M:
        for down in BESIDE_M:
            offset = right * T_world_film[:3, 0] + down * T_world_film[:3, 1]
            poses.append(T_world_film if not offset.any() else look_at(eye + offset, ahead))
    return poses


def without_object(room: Arrays, thing: _Object) -> tuple[Arrays, int, int]:
    """The room without what stands where the object does, the table closed; counts of both."""
    means = room["means"].astype(np.float64)
    flat_m = np.linalg.norm(means[:, :2] - thing.middle[:2], axis=1)
    over_m = thing.table.over(means)
    near = flat_m < WIDER * thing.radius_m
    stands = near & (over_m > LOWEST_M) & (over_m < 2 * WIDER * thing.radius_m)
    if not stands.any():
        return room, 0, 0
    on_table = (np.abs(over_m) < LOWEST_M) & (flat_m < 3 * thing.radius_m)
    left = _rows(room, ~stands)
    if on_table.sum() < 10:
        return left, int(stands.sum()), 0
    steps = np.arange(-WIDER * thing.radius_m, WIDER * thing.radius_m, APART_M)
    x, y = (thing.middle[k] + g for k, g in enumerate(np.meshgrid(steps, steps)))
    z = np.stack([x, y], -1) @ thing.table.slope + thing.table.height_m
    grid = np.stack([x, y, z], -1).reshape(-1, 3)
    grid = grid[np.linalg.norm(grid[:, :2] - thing.middle[:2], axis=1) < WIDER * thing.radius_m]
    far, nearest = cKDTree(means[on_table]).query(grid)
    is_open = far > 1.5 * APART_M
    grid, like = grid[is_open], np.flatnonzero(on_table)[nearest[is_open]]
    added: Arrays = {
        "means": grid.astype(np.float32),
        "quats_wxyz": np.tile(_level(thing.table), (len(grid), 1)).astype(np.float32),
        "scales": np.full((len(grid), 2), 0.65 * APART_M, np.float32),
        "opacities": np.full(len(grid), 0.98, np.float32),
        "sh0": room["sh0"][like],
    }
    both = {name: np.concatenate([left[name], added[name]]) for name in NAMES}
    return both, int(stands.sum()), len(grid)


def _level(table: Table) -> Floats:
    """The quaternion (4,) of a disc that lies on it."""
    normal = np.append(-table.slope, 1.0)
    normal /= np.linalg.norm(normal)
    x = np.cross([0, 1.0, 0], normal)
    x /= np.linalg.norm(x)
    return np.asarray(matrix_to_quat_wxyz(np.stack([x, np.cross(normal, x), normal], -1)))


def _object(
    video: Video, T_world_cam: Floats, init_frame: int, box: Box, capture: OpenArtifact[Capture]
) -> _Object | None:
    depth_m = video.depth_m(init_frame).astype(np.float64)
    points = transform_points(T_world_cam, video.camera.unproject(depth_m))
    table = table_around(points, depth_m > 0, box)
    if table is None:
        return None
    x0, y0, x1, y1 = (round(v) for v in box)
    inside = points[y0:y1, x0:x1][depth_m[y0:y1, x0:x1] > 0]
    inside = inside[table.over(inside) > LOWEST_M]
    if len(inside) < 20:
        return None
    diameter_m = float(np.linalg.norm(np.ptp(capture.array("object/vertices"), axis=0)))
    return _Object(table, np.median(inside, axis=0), diameter_m / 2)


def _rows(room: Arrays, kept: NDArray[np.bool_]) -> Arrays:
    return {name: values[kept] for name, values in room.items()}


@dataclass(frozen=True)
class _Seen:
    """Pictures (n, h, w, 3) that show the room, what they show of its surface, and from where."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    """(n, h, w); 0 where the room is not solid."""
    T_world_cam: Floats
    """(n, 4, 4)."""


def _pictures(
    room: Arrays, poses: list[Floats], camera: PinholeCamera, out: ArtifactWriter
) -> _Seen:
    """Those that show it from the front, and not from within something."""
    gaussians = Gaussians2D.from_colours(room)
    background = np.asarray(gaussians.rgb.mean(0), np.float64)
    kept: list[NDArray[np.uint8]] = []
    depth_m: list[NDArray[np.float32]] = []
    where: list[Floats] = []
    for k, T in enumerate(poses):
        seen = render_numpy(
            gaussians,
            inverse_se3(T),
            camera.K,
            camera.width,
            camera.height,
            background,
            num_threads=out.runtime.num_workers,
        )
        is_hit = seen.alpha > COVERED
        is_near = is_hit & (seen.median_depth_m < NEAREST_M)
        if is_hit.mean() >= COVERED and is_near.mean() <= MOST_NEAR:
            kept.append(np.rint(255 * np.clip(seen.rgb, 0, 1)).astype(np.uint8))
            depth_m.append(np.where(seen.alpha > SOLID, seen.median_depth_m, 0).astype(np.float32))
            where.append(T)
        out.progress((k + 1) / len(poses), {"picture": float(k + 1)})
    if len(kept) < LEAST_VIEWS:
        raise QualityGateError(
            f"the room shows itself from {len(kept)} of {len(poses)} places round the object; "
            f"{LEAST_VIEWS} are needed. Does it hold the table, and is T_world_room its pose?"
        )
    return _Seen(np.stack(kept), np.stack(depth_m), np.stack(where))


def _points(seen: _Seen, camera: PinholeCamera) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Points (p, 3) of the surface as the pictures show it, and their colours.

    Not the Gaussians' own places: what makes a surface up lies on both sides of it, and more of it
    below, where nothing that is seen speaks against it.
    """
    rng = np.random.default_rng(0)
    each = -(-MAX_POINTS // len(seen.T_world_cam))
    points: list[Floats] = []
    colours: list[NDArray[np.uint8]] = []
    views = zip(seen.rgb, seen.depth_m.astype(np.float64), seen.T_world_cam, strict=True)
    for rgb, depth_m, T in views:
        solid = np.flatnonzero(depth_m > 0)
        chosen = np.sort(rng.permutation(solid)[:each])
        points.append(transform_points(T, camera.unproject(depth_m).reshape(-1, 3)[chosen]))
        colours.append(rgb.reshape(-1, 3)[chosen])
    return np.concatenate(points).astype(np.float32), np.concatenate(colours)


def _notes(
    num: int, num_views: int, thing: _Object | None, num_cut: int, num_filled: int
) -> tuple[str, ...]:
    told = {
        f"there are no photos: the room is the file's, {num} Gaussians, seen from {num_views} "
        "places round the object and beside the film's camera; every eighth is held out": True,
        f"{num_cut} Gaussians that stand where the film's object does were cut out, and the table "
        f"closed with {num_filled}, a guess": num_cut > 0,
        "no object on a table was found in the film: one that stands in the file's room is still "
        "there": thing is None,
    }
    return tuple(sentence for sentence, holds in told.items() if holds)
