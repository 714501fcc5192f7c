"""Where tags lie, from the ways in which people write it down; checked with the film."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from xsim_core.config import refusal
from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml, read_text
from xsim_core.geometry import (
    PinholeCamera,
    Tag,
    TagBoard,
    board_fault,
    detect_board,
    transform_points,
)

from .spec import TagGrid, TagPlace, TagsSpec

Floats = NDArray[np.float64]

ACCEPTS = (
    "in capture.yaml one by one or as a grid; or a file, JSON or YAML: id → four corners, in "
    "metres or millimetres as `size_m` tells"
)
MAX_BYTES = 1 << 20
SIZE_TOLERANCE = 0.1
WELL_PX, WRONG_PX = 1.5, 4.0
NUM_FRAMES = 6


def tag_board(spec: TagsSpec, folder: Path, notes: list[str]) -> TagBoard:
    """The tags with their corners.

    Args:
        spec: as ``capture.yaml`` says it.
        folder: of the capture; the layout's file is relative to it.
        notes: receives what was assumed of the file.

    Raises:
        BadInputError: when a file or a place is none, or there are too many.
    """
    source = "board" if spec.layout is None else f"board: {folder / spec.layout}"
    try:
        tags = _tags(spec, folder, notes)
        return TagBoard(dictionary=spec.dictionary, tags=tags, T_world_board=spec.T_world_board)
    except ValidationError as error:
        raise BadInputError(refusal(error, source)) from error


def _tags(spec: TagsSpec, folder: Path, notes: list[str]) -> tuple[Tag, ...]:
    if spec.grid is not None:
        return _of_grid(spec.grid, spec.size_m)
    if spec.layout is not None:
        return _of_file(folder / spec.layout, spec.size_m, notes)
    return tuple(_of_place(place, spec.size_m) for place in spec.tags)


def turn_as_seen(
    board: TagBoard, frames: NDArray[np.uint8], camera: PinholeCamera, notes: list[str]
) -> TagBoard:
    """The board whose tags begin at the corner that the film shows.

    AprilTag's pictures are upside down for OpenCV, and people list corners in several orders: two
    or more tags in one frame tell, as only one turn fits all of them.

    Raises:
        BadInputError: when no turn fits: the places, the size or the intrinsics are wrong.
    """
    boards = [_turned(board, k) for k in range(4)]
    picked = np.unique(np.linspace(0, len(frames) - 1, NUM_FRAMES).round().astype(int))
    found = [(i, detect_board(frames[i], board, camera=camera)) for i in picked]
    several = [i for i, d in found if d is not None and len(d.ids) >= 8]
    if not several:
        return board
    errors = [np.median([_error_px(frames[i], b, camera) for i in several]) for b in boards]
    best = int(np.argmin(errors))
    if errors[best] > WRONG_PX:
        raise BadInputError(
            f"the tags do not lie as the capture says: together they fit a camera with "
            f"{errors[best]:.1f} px. Check their places, size_m, the ids, and the intrinsics."
        )
    if best and errors[best] < 0.5 * errors[0]:
        notes.append(
            f"tags: their corners begin {90 * best}° further round than stated, as the film shows "
            f"({errors[best]:.2f} px against {errors[0]:.0f}); AprilTag's own pictures are turned "
            "by 180° for OpenCV"
        )
        return boards[best]
    if errors[best] > WELL_PX:
        notes.append(f"tags: they fit with {errors[best]:.1f} px only; measure their places again")
    return board


def _error_px(rgb: NDArray[np.uint8], board: TagBoard, camera: PinholeCamera) -> float:
    found = detect_board(rgb, board, camera=camera)
    return found.rms_px if found is not None and found.T_cam_board is not None else np.inf


def _turned(board: TagBoard, k: int) -> TagBoard:
    tags = tuple(
        tag.model_copy(update={"corners_board": tag.corners_board[k:] + tag.corners_board[:k]})
        for tag in board.tags
    )
    return board.model_copy(update={"tags": tags})


def _of_place(place: TagPlace, size_m: float) -> Tag:
    if place.corners_board is not None:
        return _tag(place.id, np.array(place.corners_board))
    T = np.array(list(place.T_board_tag or ()), dtype=object)
    if T.shape != (4, 4):
        raise BadInputError(f"board: T_board_tag of tag {place.id} is not 4x4")
    T = T.astype(np.float64)
    stub = TagBoard(
        tags=(_tag(place.id, _square(size_m)),), T_world_board=tuple(map(tuple, T.tolist()))
    )
    if fault := board_fault(stub):
        raise BadInputError(
            f"board: tag {place.id}: {fault.replace('T_world_board', 'T_board_tag')}"
        )
    return _tag(place.id, transform_points(T, _square(size_m)))


def _of_grid(grid: TagGrid, size_m: float) -> tuple[Tag, ...]:
    step, tags = size_m + grid.gap_m, []
    for k in range(grid.columns * grid.rows):
        row, column = divmod(k, grid.columns)
        up = row if grid.first == "lower_left" else grid.rows - 1 - row
        middle = np.array([column * step + size_m / 2, up * step + size_m / 2, 0])
        tags.append(_tag(grid.first_id + k, _square(size_m) + middle))
    return tuple(tags)


def _of_file(path: Path, size_m: float, notes: list[str]) -> tuple[Tag, ...]:
    corners = layout_corners(path, notes)
    width = layout_width(corners)
    scale = size_m / width if width > 0 else 0.0
    unit = next((u for u in (1.0, 1e-3, 1e-2) if abs(scale / u - 1) < SIZE_TOLERANCE), None)
    if unit is None:
        raise BadInputError(
            f"{path}: its tags are {width:g} wide, board.size_m is {size_m:g} m: that "
            "is no unit. Measure the black square and state it, or mend the file."
        )
    if unit != 1:
        notes.append(f"tags: {path.name} is taken as {'milli' if unit < 5e-3 else 'centi'}metres")
    return tuple(_tag(i, unit * c) for i, c in sorted(corners.items()))


def layout_corners(path: Path, notes: list[str]) -> dict[int, Floats]:
    """Id → corners (4, 3) of a layout's file, in the unit in which it is written.

    Raises:
        BadInputError: when it is missing, or holds no tags.
    """
    if not path.is_file():
        raise BadInputError(f"board: {path} does not exist: the tags' layout is read from there")
    tree = parse_yaml(read_text(path, notes, max_bytes=MAX_BYTES), f"{path} is not JSON or YAML")
    corners = {}
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if (isinstance(key, int) or str(key).isdigit()) and isinstance(value, list):
            corners[int(key)] = _corners(value, f"{path}: tag {key}")
    if not corners:
        raise BadInputError(f"{path} holds no tags: it is to hold ids with four corners each")
    return corners


def layout_width(corners: dict[int, Floats]) -> float:
    """The tags' width, in the layout's unit."""
    sides = [np.linalg.norm(c - np.roll(c, 1, axis=0), axis=1).mean() for c in corners.values()]
    return float(np.median(sides))


def _corners(value: list[Any], source: str) -> Floats:
    try:
        corners = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        corners = np.empty(0)
    if corners.shape == (4, 2):
        corners = np.column_stack([corners, np.zeros(4)])
    if corners.shape != (4, 3) or not np.isfinite(corners).all():
        raise BadInputError(f"{source} has no four corners of two or three numbers")
    return corners


def _square(size_m: float) -> Floats:
    """Corners (4, 3) of a tag in its own frame, clockwise from the top left."""
    return 0.5 * size_m * np.array([[-1.0, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]])


def _tag(number: int, corners: Floats) -> Tag:
    rows = corners.round(9).tolist()
    return Tag(id=number, corners_board=tuple(tuple(r) for r in rows))  # type: ignore[arg-type]
