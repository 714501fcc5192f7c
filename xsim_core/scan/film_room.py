"""The room from the RGB-D film itself, where there are no photos of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture, PosedImages
from xsim_core.errors import QualityGateError
from xsim_core.film.background import background, tolerance_m
from xsim_core.film.camera_path import CameraPath, follow_camera
from xsim_core.film.frames import open_video
from xsim_core.film.gates import UsualGates
from xsim_core.geometry import PinholeCamera, transform_points
from xsim_core.pictures import png_bytes
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .moving_room import seen_from
from .pictures import top_view
from .unseen import (
    MARGIN_M,
    Box,
    Floats,
    Mask,
    Table,
    fill,
    never_uncovered,
    seen_through,
    table_around,
    table_beyond,
)

PICTURES = 4
"""Of each viewpoint, each of other frames of the film; the last is held out."""
MIN_FRAMES = 12
"""Of a stretch in which the camera stood still: three for each picture."""
MAX_POINTS = 15_000
EDGE = 2.0
"""Of what the depth of one surface varies by: beside a larger step a point may hang in the air."""


@dataclass
class _View:
    """What the camera saw of the room from one place."""

    T_world_cam: Floats
    pictures: NDArray[np.uint8]
    depth_m: Floats
    covered: Mask
    """Pixels in which the room was never seen; they are filled."""


def room_from_film(capture: OpenArtifact[Capture], *, out: ArtifactWriter) -> PosedImages:
    """Images of the empty room, posed, and points by depth, from the video alone.

    Raises:
        BadInputError: when nothing tells where the camera stands.
        QualityGateError: when the camera stood nowhere long enough, or little has depth.
    """
    video, summary = open_video(capture), capture.summary
    path = follow_camera(video, summary, UsualGates())
    out.progress(0.3, {"viewpoints": float(len(path.stillness.stretches))})
    look = _moving_views if path.goes_on else _views
    views, table = look(capture, path, video.camera)
    out.progress(0.8, {"viewpoints": float(len(views))})
    points, rgb, num_beyond = _points(views, video.camera, table)
    n = len(views) * len(views[0].pictures)
    out.write("images", np.concatenate([v.pictures for v in views]))
    out.write(
        "T_world_cam", np.repeat(np.stack([v.T_world_cam for v in views]), n // len(views), 0)
    )
    out.write("K", video.camera.K)
    out.write("photo_index", np.full(n, -1, np.int64))
    out.write("is_held_out", np.arange(n) % PICTURES == PICTURES - 1)
    out.write("points_world", points.astype(np.float32))
    out.write("points_rgb", rgb)
    T_world_cam = np.stack([v.T_world_cam for v in views])
    out.add_file("scan_top_view.png", top_view(T_world_cam, points, rgb, summary.board))
    out.add_file("scan_room.png", png_bytes(_shown(views)))
    out.progress(1.0, {"images": float(n), "points": float(len(points))})
    return PosedImages(
        num_images=n,
        num_photos=0,
        num_board_images=path.world.num_frames,
        notes=_notes(views, table, num_beyond, is_moving=path.goes_on),
    )


def _views(
    capture: OpenArtifact[Capture], path: CameraPath, camera: PinholeCamera
) -> tuple[list[_View], Table | None]:
    """One a stretch of the film, with the object taken out, and the table around the object."""
    rgb, depth_mm = capture.frames("video/rgb"), capture.frames("video/depth_mm")
    summary, main = capture.summary, path.world.T_world_cam
    first_m = depth_mm[summary.init_frame].astype(np.float32) * np.float32(1e-3)
    views: list[_View] = []
    table = None
    for stretch in path.stillness.stretches:
        if stretch.num_frames < MIN_FRAMES:
            continue
        frames = np.arange(stretch.first, stretch.last + 1)
        seen = background(rgb, depth_mm, frames, folds=PICTURES)
        T = main if path.T_main_cam is None else main @ path.T_main_cam[stretch.first]
        view = _View(T, seen.rgb, seen.depth_m, np.zeros(seen.depth_m.shape, bool))
        if stretch.first <= summary.init_frame <= stretch.last:
            table = _take_object_out(view, camera, first_m, summary.init_box_xyxy)
        views.append(view)
    if not views or (min(float((v.depth_m > 0).mean()) for v in views) < 0.05):
        raise QualityGateError(
            f"the film gives no room: the camera must stand still for {MIN_FRAMES} frames or more, "
            "with depth in a good part of the picture. Film longer, or bring photos of the room "
            "(`room: photos` in capture.yaml)."
        )
    _carve(views, camera)
    for view in views:
        rays, eye = _rays(view.T_world_cam, camera), view.T_world_cam[:3, 3]
        on_table = np.full(view.depth_m.shape, np.inf)
        if table is not None:
            on_table = table.depth_along(rays, eye)
        view.pictures, view.depth_m = fill(view.pictures, view.depth_m, view.covered, on_table)
    return views, table


def _moving_views(
    capture: OpenArtifact[Capture], path: CameraPath, camera: PinholeCamera
) -> tuple[list[_View], Table | None]:
    """Viewpoints along the path of a camera that moves; a picture of each."""
    summary = capture.summary
    assert path.T_main_cam is not None and path.has_pose is not None  # noqa: PT018
    vertices = capture.array("object/vertices")
    seen, table = seen_from(
        capture.frames("video/rgb"),
        capture.frames("video/depth_mm"),
        path.world.T_world_cam @ path.T_main_cam,
        path.has_pose,
        camera,
        init_frame=summary.init_frame,
        box_xyxy=summary.init_box_xyxy,
        diameter_m=float(np.linalg.norm(np.ptp(vertices, axis=0))),
    )
    if len(seen) < PICTURES:
        raise QualityGateError(
            f"the film gives no room: the camera moves, and looks from {len(seen)} places only; "
            f"{PICTURES} are needed. Move it by some centimetres, or bring photos of the room "
            "(`room: photos` in capture.yaml)."
        )
    views: list[_View] = []
    for one in seen:
        rays, eye = _rays(one.T_world_cam, camera), one.T_world_cam[:3, 3]
        on_table = np.full(one.depth_m.shape, np.inf)
        if table is not None:
            on_table = table.depth_along(rays, eye)
        pictures, depth_m = fill(one.picture[None], one.depth_m, one.covered, on_table)
        views.append(_View(one.T_world_cam, pictures, depth_m, one.covered))
    return views, table


def _take_object_out(
    view: _View, camera: PinholeCamera, first_m: Floats, box_xyxy: Box
) -> Table | None:
    points = transform_points(view.T_world_cam, camera.unproject(view.depth_m))
    table = table_around(points, view.depth_m > 0, box_xyxy)
    if table is not None:
        view.covered = never_uncovered(view.depth_m, first_m, table, points, box_xyxy)
    return table


def _carve(views: list[_View], camera: PinholeCamera) -> None:
    """Take out of each view what another looked through: the object, at rest after it had moved."""
    depths = [np.where(v.covered, 0, v.depth_m) for v in views]
    for i, view in enumerate(views):
        points = transform_points(view.T_world_cam, camera.unproject(view.depth_m))
        points[view.depth_m == 0] = np.nan
        others = [(camera, other.T_world_cam, depths[j]) for j, other in enumerate(views) if j != i]
        view.covered = view.covered | seen_through(points, others)


def _rays(T_world_cam: Floats, camera: PinholeCamera) -> Floats:
    """Rays (h, w, 3) of depth one, in the world's frame."""
    return camera.unproject(np.ones((camera.height, camera.width))) @ T_world_cam[:3, :3].T


def _points(
    views: list[_View], camera: PinholeCamera, table: Table | None
) -> tuple[Floats, NDArray[np.uint8], int]:
    """Points (p, 3) by depth, then those of the table that nobody saw; colours; how many these."""
    found, colours = [], []
    for view in views:
        rows, columns = np.nonzero((view.depth_m > 0) & ~_edges(view.depth_m))
        stride = max(1, len(rows) * len(views) // MAX_POINTS)
        # Every so many pixels in a fixed order that looks random: columns and rows do not line up.
        chosen = np.random.default_rng(0).permutation(len(rows))[::stride]
        rows, columns = rows[chosen], columns[chosen]
        points_cam = camera.unproject(view.depth_m)[rows, columns]
        found.append(transform_points(view.T_world_cam, points_cam))
        colours.append(view.pictures[0][rows, columns])
    points, rgb = np.concatenate(found), np.concatenate(colours)
    if table is None:
        return points, rgb, 0
    looks = [(camera, v.T_world_cam, v.depth_m) for v in views]
    beyond, beyond_rgb = table_beyond(table, points, rgb, looks)
    return np.concatenate([points, beyond]), np.concatenate([rgb, beyond_rgb]), len(beyond)


def _edges(depth_m: Floats) -> Mask:
    """Pixels (h, w) beside which depth steps, or is not known; a slope is no step."""
    depth = np.pad(np.asarray(depth_m, np.float32), 1)
    middle = depth[1:-1, 1:-1]
    along = [depth[1:-1, :-2] + depth[1:-1, 2:], depth[:-2, 1:-1] + depth[2:, 1:-1]]
    bend = np.max([np.abs(pair - 2 * middle) for pair in along], axis=0)
    return bend > EDGE * tolerance_m(middle)


def _shown(views: list[_View]) -> NDArray[np.uint8]:
    """The room from each place above each other, and beside it with what was filled in magenta."""
    rows = []
    for view in views:
        marked = view.pictures[0].copy()
        marked[view.covered] = (255, 0, 255)
        rows.append(np.concatenate([view.pictures[0], marked], axis=1))
    return np.concatenate(rows)


def _notes(
    views: list[_View], table: Table | None, num_beyond: int, *, is_moving: bool
) -> tuple[str, ...]:
    places = "one viewpoint" if len(views) == 1 else f"{len(views)} viewpoints"
    covered = sum(int(v.covered.sum()) for v in views)
    no_depth = float(np.mean([(v.depth_m == 0).mean() for v in views]))
    told = {
        f"there are no photos: the room is what the video saw of it from {places}, hand and object "
        "taken out. Held-out images are of the same places, so their PSNR says nothing of others; "
        "a policy's camera must stand near the film's": not is_moving,
        f"there are no photos: the room is what the moving camera saw of it from {places}, hand "
        "and object taken out; every fourth is held out. A policy's camera must stand near its "
        "path": is_moving,
        f"{covered} pixels were covered in the whole film (where the object stood): filled with "
        "the table's plane and the colours around, a guess (magenta in scan_room.png)": covered > 0,
        "no plane was found around the object's box: if the object covered something in the whole "
        "film, it is still in the room there": table is None,
        f"{no_depth:.0%} of the picture never had depth: only colour tells of it": no_depth > 0.01,
        f"the table is continued by {100 * MARGIN_M:.0f} cm beyond what was seen of it, and behind "
        "what stands on it, a guess": num_beyond > 0,
    }
    return tuple(sentence for sentence, holds in told.items() if holds)
