"""Finding AprilTags and ArUco markers in an image, and what cannot be a set of them."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tag_spec import TagBoard

SENSIBLE_TAG_M = (0.005, 1.0)
SETTLED = 4
"""So many different markers of one dictionary are no misreading."""


def tags_fault(board: TagBoard) -> str | None:
    """Why no such tags can have been printed or placed, as a sentence with the mend; or None.

    The pose and the dictionary's name are the board's own and looked at there.
    """
    ids = [tag.id for tag in board.tags]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        return f"tag {twice[0]} is listed twice; each id may lie at one place only"
    if max(ids) >= (room := _size_of(board.dictionary)):
        return f"tag {max(ids)} is not in {board.dictionary}, whose ids go from 0 to {room - 1}"
    for tag in board.tags:
        corners = np.array(tag.corners_board)
        sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
        low, high = SENSIBLE_TAG_M
        if not low <= sides.mean() <= high:
            hint = "they look like millimetres: divide by 1000" if sides.mean() > 1 else "in metres"
            return (
                f"tag {tag.id} is {sides.mean():g} m wide, outside {low:g} to {high:g} m; its "
                f"size and corners are {hint}"
            )
        diagonals = np.linalg.norm(corners[[0, 1]] - corners[[2, 3]], axis=1)
        is_square = np.ptp(sides) < 0.05 * sides.mean() and np.ptp(diagonals) < 0.05 * sides.mean()
        if not is_square or abs(diagonals.mean() / sides.mean() - np.sqrt(2)) > 0.07:
            return (
                f"the corners of tag {tag.id} are no square (sides "
                f"{', '.join(f'{1000 * s:.0f}' for s in sides)} mm): list them clockwise from the "
                "top left, in metres"
            )
    return None


def find_tags(
    grey: NDArray[np.uint8], board: TagBoard
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Indices (n,) into ``corners_board`` and pixels (n, 2) of the tags seen in (h, w); or None."""
    found = find_markers(grey, board.dictionary)
    index = {tag.id: k for k, tag in enumerate(board.tags)}
    # A tag that is seen twice is a copy, or a misreading: neither place can be believed.
    ids = [i for i, _ in found]
    known = [(index[i], corners) for i, corners in found if i in index and ids.count(i) == 1]
    if not known:
        return None
    rows = np.concatenate([4 * k + np.arange(4) for k, _ in known])
    return rows.astype(np.int64), np.concatenate([corners for _, corners in known])


def seen_dictionary(grey: NDArray[np.uint8], *, at_least: int = 2) -> tuple[str, list[int]] | None:
    """The dictionary most of whose markers an image (h, w) shows, and their ids; None below two.

    Of dictionaries that hold one another the smallest that reads as many is answered.
    """
    best: tuple[int, str, list[int]] | None = None
    for family in _families():
        if best is not None and best[0] >= SETTLED:
            break
        for name in family:  # From the largest on, which holds the others.
            found = marker_ids(grey, name)
            if len(found) < at_least:
                break
            if best is None or len(found) >= best[0]:
                best = (len(found), name, found)
    return None if best is None else best[1:]


def marker_ids(grey: NDArray[np.uint8], dictionary: str) -> list[int]:
    """Ids of the markers of a dictionary in (h, w), each once; their corners are not refined."""
    import cv2

    known = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    ids = cv2.aruco.ArucoDetector(known).detectMarkers(grey)[1]
    return [] if ids is None else np.unique(np.asarray(ids, np.int64)).tolist()


def _families() -> list[list[str]]:
    """OpenCV's dictionaries, those that hold one another together, the largest first.

    Families of large patterns come first: they are the least misread.
    """
    import cv2

    # Sorted: where a number has two names, the later one is that of older versions too.
    names = {v: n for n, v in sorted(vars(cv2.aruco).items()) if n.startswith("DICT_")}
    families: dict[str, list[str]] = {}
    for name in names.values():
        head, _, size = name.rpartition("_")
        families.setdefault(head if size.isdigit() else name, []).append(name)
    sorted_families = [sorted(f, key=_size_of, reverse=True) for f in families.values()]
    return sorted(sorted_families, key=lambda family: -_side_of(family[0]))


def _side_of(dictionary: str) -> int:
    """Cells along a marker's side."""
    import cv2

    return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary)).markerSize


def find_markers(grey: NDArray[np.uint8], dictionary: str) -> list[tuple[int, NDArray[np.float64]]]:
    """Id and pixels (4, 2) of every marker of a dictionary in (h, w).

    Corners are clockwise from OpenCV's top left, which in AprilTag's own library is the lower
    right; pixel centres are integers.
    """
    corners, ids, _ = _detector(dictionary).detectMarkers(grey)
    if ids is None or len(ids) == 0:
        return []
    # AprilTag's refinement counts from pixel edges.
    each = [np.asarray(c, dtype=np.float64).reshape(4, 2) - 0.5 for c in corners]
    return list(zip(np.asarray(ids).reshape(-1).tolist(), each, strict=True))


@lru_cache(maxsize=8)
def _detector(dictionary: str) -> Any:
    import cv2

    parameters = cv2.aruco.DetectorParameters()
    # It fits lines to the edges: on tags of 37 pixels 0.12 px, where SUBPIX is 0.47 px off.
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_APRILTAG
    known = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    return cv2.aruco.ArucoDetector(known, parameters)


@lru_cache(maxsize=32)
def _size_of(dictionary: str) -> int:
    import cv2

    return len(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary)).bytesList)
