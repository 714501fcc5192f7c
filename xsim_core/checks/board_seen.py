"""Whether pictures show the board that a person described; where not, what they show instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import (
    Board,
    BoardDetection,
    BoardSpec,
    PinholeCamera,
    TagBoard,
    detect_board,
)

ENOUGH = 8
"""Pictures with the board, after which no more are looked at."""
MIN_SIDE_PX = 240
"""In smaller pictures markers are too small to say that there is no board."""
ENOUGH_FOR_CORNERS = 5
"""Pictures in which a corner of the board that is there would have been seen once."""
FAMILIES = {
    "DICT_4X4": (50, 100, 250), "DICT_5X5": (50, 100, 250), "DICT_6X6": (50, 100, 250),
    "DICT_7X7": (50, 100, 250), "DICT_APRILTAG_36h11": (), "DICT_APRILTAG_25h9": (),
    "DICT_APRILTAG_16h5": (), "DICT_ARUCO_MIP_36h12": (),
}  # fmt: skip
"""Dictionaries that are looked for, and the sizes that some come in: the smaller are the beginning
of the larger ones."""


@dataclass(frozen=True)
class Sightings:
    """In which pictures a board was found."""

    num_looked: int
    found: dict[int, BoardDetection]
    """By the picture's number."""


def look_for_board(
    images: NDArray[np.uint8],
    board: Board,
    *,
    camera: PinholeCamera | None = None,
    enough: int = ENOUGH,
    at_most: int | None = None,
) -> Sightings:
    """Look for the board in images (n, h, w, 3), spread over all of them, until it was seen enough.

    Args:
        images: photos or a film.
        board: as described.
        camera: of a film; then detections have poses.
        enough: pictures with the board, after which the search ends.
        at_most: pictures to look at; all by default.
    """
    found: dict[int, BoardDetection] = {}
    looked = 0
    for i in spread(len(images))[:at_most]:
        seen = detect_board(np.asarray(images[i]), board, camera=camera)
        looked += 1
        if seen is not None:
            found[i] = seen
        if len(found) >= enough:
            break
    return Sightings(looked, found)


def spread(count: int) -> list[int]:
    """All of ``range(count)``, such that any first few lie far apart: halves, then quarters."""
    order, step = dict.fromkeys([0] if count else []), count
    while step > 1 or len(order) < count:
        step = max(1, step // 2)
        order |= dict.fromkeys(range(step, count, step))
    return list(order)


def check_board_is_seen(
    images: NDArray[np.uint8], board: Board, sightings: Sightings, *, what: str
) -> None:
    """Refuse pictures without the board, in which the board's frame cannot be found.

    Args:
        images: (n, h, w, 3) that were looked at.
        board: as described.
        sightings: of this board in them.
        what: the pictures' name in the sentence.

    Raises:
        BadInputError: when none shows it, with what they show instead.
    """
    if sightings.found or not len(images) or min(images.shape[1:3]) < MIN_SIDE_PX:
        return
    sample = [np.asarray(images[i]) for i in spread(len(images))[:3]]
    raise BadInputError(
        f"none of {sightings.num_looked} {what} shows the {board.described}. "
        f"{what_is_seen(sample, board)}"
    )


def check_corners(board: BoardSpec, sightings: Iterable[Sightings]) -> None:
    """Refuse a description with more squares than were printed: the board's origin is their edge.

    Raises:
        BadInputError: when an outer row or column of corners is in no picture.
    """
    seen = [d for s in sightings for d in s.found.values()]
    if len(seen) < ENOUGH_FOR_CORNERS:
        return
    shape = board.squares_y - 1, board.squares_x - 1
    counts = np.zeros(shape, int)
    for detection in seen:
        counts.ravel()[detection.ids] += 1
    rows, columns = (np.flatnonzero(counts.any(axis=axis)) for axis in (1, 0))
    if len(rows) == shape[0] and len(columns) == shape[1]:
        return
    raise BadInputError(
        f"{len(seen)} pictures show {len(columns)}x{len(rows)} corners of the board and none shows "
        f"the others of the {shape[1]}x{shape[0]} that {board.squares_x}x{board.squares_y} squares "
        f"have. If {len(columns) + 1}x{len(rows) + 1} squares were printed, state these: the "
        "board's origin is the edge of its last row. If something covers the rest, take it away."
    )


def what_is_seen(images: list[NDArray[np.uint8]], board: Board) -> str:
    """A sentence on the markers that images (h, w, 3) show, and the mend."""
    markers = _markers(images)
    if not markers:
        return (
            "No markers of any known dictionary are seen either: the whole board must be in view, "
            "flat, sharp, and near enough for its markers to be 20 pixels wide."
        )
    family, ids = max(markers.items(), key=lambda item: len(item[1]))
    sizes = FAMILIES[family]
    room = next((n for n in sizes if n > max(ids)), None)
    name = f"{family}_{room}" if room else family
    told = f"{len(ids)} markers of {name} are seen, numbered {min(ids)} to {max(ids)}"
    if not board.dictionary.startswith(family):
        return f"{told}. State the dictionary that was printed."
    if isinstance(board, TagBoard):
        return f"{told}. State the ids that were printed, and where they lie."
    needed = board.squares_x * board.squares_y // 2
    if layouts := _layouts(images, board, max(ids) + 1):
        return f"{told}; they lie as on a board of {' or '.join(layouts)} squares."
    return (
        f"{told}; {board.squares_x}x{board.squares_y} squares have {needed}, 0 to {needed - 1}. "
        "Is it a ChArUco board (markers inside a chessboard), flat, with that many squares?"
    )


def _markers(images: list[NDArray[np.uint8]]) -> dict[str, set[int]]:
    """Numbers of the markers seen, by dictionary; one or two alone are chance."""
    import cv2

    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for rgb in images]
    found: dict[str, set[int]] = {}
    for family, sizes in FAMILIES.items():
        detector = cv2.aruco.ArucoDetector(
            _dictionary(f"{family}_{sizes[-1]}" if sizes else family)
        )
        lists: list[Any] = [detector.detectMarkers(grey)[1] for grey in greys]
        ids = {int(i) for some in lists if some is not None for i in np.ravel(some)}
        if len(ids) >= 3:
            found[family] = ids
    return found


def _layouts(images: list[NDArray[np.uint8]], board: BoardSpec, num_markers: int) -> list[str]:
    """Numbers of squares with as many markers, of which a board is found, as ``6x4``."""
    sides = range(3, 2 * num_markers // 3 + 2)
    shapes = [(x, y) for x in sides for y in sides if x * y // 2 == num_markers]
    names: list[str] = []
    for x, y in shapes:
        as_printed = board.model_copy(update={"squares_x": x, "squares_y": y})
        if any(detect_board(rgb, as_printed) is not None for rgb in images):
            names.append(f"{x}x{y}")
    return names


def _dictionary(name: str) -> Any:
    import cv2

    return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
