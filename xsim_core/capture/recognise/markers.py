"""Tags and boards that the pictures show, whether anybody wrote them down or not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.tag_layout import layout_corners, layout_width
from xsim_core.capture.readers.images import image_files, read_rgb
from xsim_core.capture.readers.photo_films.read_film import is_film
from xsim_core.capture.readers.photos import read_photos
from xsim_core.errors import XSimError
from xsim_core.geometry import BoardSpec, detect_board
from xsim_core.geometry.tag_spec import IDENTITY
from xsim_core.geometry.tags import marker_ids, seen_dictionary

from .facts import SeenMarkers, TagLayout
from .tree import Tree

Images = list[NDArray[np.uint8]]

NUM_FRAMES, NUM_PHOTOS = 3, 4
MOST_SQUARES = 24
LEAST_CORNERS = 6
WELL_PX = 1.0
METRES = (1.0, 1e-3, 1e-2)
USUAL_TAG_M = (0.008, 0.5)


def look_for_markers(video: RGBDVideo | None, photos: Path | None) -> SeenMarkers | None:
    """The markers of one dictionary in some frames and photos; None where none are seen."""
    frames: Images = []
    if video is not None:
        picked = np.unique(np.linspace(0, len(video.rgb) - 1, NUM_FRAMES).round().astype(int))
        frames = [video.rgb[i] for i in picked]
    images = [*frames, *_some_photos(photos)]
    greys = [_grey(image) for image in images]
    name = next((found[0] for grey in greys if (found := seen_dictionary(grey))), None)
    if name is None:
        return None
    seen = [marker_ids(grey, name) for grey in greys]
    ids = sorted({i for found in seen for i in found})
    in_frames, in_photos = (
        sum(len(found) > 0 for found in part) for part in (seen[: len(frames)], seen[len(frames) :])
    )
    where = [
        f"{n} of {len(part)} {what} looked at"
        for n, part, what in (
            (in_frames, frames, "frames"),
            (in_photos, images[len(frames) :], "photos"),
        )
        if len(part)
    ]
    shape = _charuco_shape(images, name, len(ids), max(ids) + 1)
    more: dict[str, Any] = {}
    if shape is not None:
        square_m = None if video is None else _square_m(video, _board(shape, name))
        more = {"squares_xy": shape, "square_m": square_m}
    return SeenMarkers(dictionary=name, ids=tuple(ids), where=" and ".join(where), **more)


def _some_photos(folder: Path | None) -> Images:
    if folder is None:
        return []
    if is_film(folder):
        return _some_of_film(folder)
    files = image_files(folder)
    images: Images = []
    for k in np.unique(np.linspace(0, len(files) - 1, NUM_PHOTOS).round().astype(int)):
        try:
            images.append(_not_huge(read_rgb(files[k])))
        except XSimError:
            continue  # The reader of photos says what is wrong.
    return images


def _some_of_film(path: Path) -> Images:
    try:
        photos = read_photos(path)
    except XSimError:
        return []  # The reader of photos says what is wrong.
    rows = np.unique(np.linspace(0, len(photos) - 1, NUM_PHOTOS).round().astype(int))
    return [_not_huge(photos[k]) for k in rows]


def _not_huge(image: NDArray[np.uint8], most: int = 1600) -> NDArray[np.uint8]:
    step = -(-max(image.shape[:2]) // most)
    return image if step == 1 else np.ascontiguousarray(image[::step, ::step])


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _board(shape: tuple[int, int], dictionary: str) -> BoardSpec:
    return BoardSpec(
        squares_x=shape[0],
        squares_y=shape[1],
        square_m=1.0,
        marker_m=0.75,
        dictionary=dictionary,
        T_world_board=IDENTITY,
    )


def _charuco_shape(
    images: Images, dictionary: str, num_seen: int, num_markers: int
) -> tuple[int, int] | None:
    """Columns and rows of the ChArUco board that these markers make; None where they make none.

    A wrong shape puts markers where none are: OpenCV then finds no corners between them.
    """
    if num_seen < 0.6 * num_markers:  # Single tags of any numbers.
        return None
    sides = range(3, MOST_SQUARES + 1)
    fits: dict[tuple[int, int], int] = {}
    for shape in [(x, y) for x in sides for y in sides if x * y // 2 == num_markers]:
        board = _board(shape, dictionary)
        found = (detect_board(image, board) for image in images)
        fits[shape] = sum(
            len(d.ids)
            for d in found
            if d is not None and len(d.ids) >= LEAST_CORNERS and _is_flat(board, d)
        )
    best = sorted(fits, key=lambda shape: fits[shape], reverse=True)
    if not best or fits[best[0]] == 0:
        return None
    return best[0] if len(best) == 1 or fits[best[1]] < 0.5 * fits[best[0]] else None


def _is_flat(board: BoardSpec, seen: Any) -> bool:
    import cv2

    points = board.corners_board[seen.ids][:, :2]
    H: Any = cv2.findHomography(points, seen.pixels)[0]
    if H is None:
        return False
    again = np.asarray(cv2.perspectiveTransform(points[None], H))[0]
    return bool(np.sqrt(np.mean(np.sum((again - seen.pixels) ** 2, axis=-1))) < WELL_PX)


def _square_m(video: RGBDVideo, board: BoardSpec) -> float | None:
    """The edge of the board's squares by the film's depth; None where depth does not see it."""
    sizes: list[float] = []
    for i in np.unique(np.linspace(0, len(video.rgb) - 1, NUM_FRAMES).round().astype(int)):
        seen = detect_board(video.rgb[i], board)
        if seen is None:
            continue
        at = np.rint(seen.pixels).astype(int)
        inside = ((at >= 0) & (at < [video.camera.width, video.camera.height])).all(axis=1)
        points = video.camera.unproject(video.depth_mm[i] / 1000.0)[at[inside, 1], at[inside, 0]]
        squares, is_measured = board.corners_board[seen.ids[inside]], points[:, 2] > 0
        sizes += _ratios(points[is_measured], squares[is_measured])
    return round(float(np.median(sizes)), 4) if len(sizes) >= LEAST_CORNERS else None


def _ratios(points: NDArray[np.float64], squares: NDArray[np.float64]) -> list[float]:
    """Metres a square between all pairs of corners."""
    first, second = np.triu_indices(len(points), 1)
    apart_m = np.linalg.norm(points[first] - points[second], axis=1)
    return (apart_m / np.linalg.norm(squares[first] - squares[second], axis=1)).tolist()


def find_layouts(tree: Tree, candidates: Sequence[Path]) -> list[TagLayout]:
    """Files that give four corners for each tag's id."""
    found: list[TagLayout] = []
    for path in candidates:
        try:
            corners = layout_corners(path, [])
        except XSimError:
            continue
        width = layout_width(corners)
        unit = next((u for u in METRES if USUAL_TAG_M[0] <= width * u <= USUAL_TAG_M[1]), None)
        if unit is None:
            continue
        size_m = round(width * unit, 5)
        found.append(
            TagLayout(
                path=tree.rel(path),
                what=f"where {len(corners)} tags of {1000 * size_m:g} mm lie on their sheet",
                num_tags=len(corners),
                size_m=size_m,
            )
        )
    return found
