"""Where a film's camera stood, held against where its board lies: which of the two moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import Board, BoardDetection, detect_board

from .stillness import Stillness, find_stillness

MAX_BOARD_SHIFT_PX = 1.0
"""Of 640 columns, in the median of the corners; a hand before the board moves some, never most."""
FRAMES_TO_BELIEVE = 2
OUTLINE_SCALE = 1.5
"""The board's paper reaches beyond its inner corners."""


def camera_stillness(frames: Sequence[Any], board: Board | None) -> Stillness:
    """When the camera of a film stood still, by all but the board, which may move by itself.

    Args:
        frames: images (h, w, 3) RGB uint8 by number.
        board: as described, where there is one.
    """
    if board is None:
        return find_stillness(frames)

    def outline(rgb: NDArray[np.uint8]) -> NDArray[np.floating] | None:
        import cv2

        found = detect_board(rgb, board)
        if found is None:
            return None
        middle = found.pixels.mean(axis=0)
        corners = middle + OUTLINE_SCALE * (found.pixels - middle)
        hull: NDArray[np.float32] = np.asarray(cv2.convexHull(corners.astype("f4")), np.float32)
        return hull.reshape(-1, 2)

    return find_stillness(frames, keep_out=outline)


def frames_with_board_elsewhere(found: Mapping[int, BoardDetection], width: int) -> list[int]:
    """Frames in which the board is not where the first of them shows it, in pixels.

    One alone is no evidence. To be asked of frames between which the camera stood still.

    Args:
        found: detections by frame.
        width: of the images.
    """
    frames = sorted(found)
    limit_px = MAX_BOARD_SHIFT_PX * max(1.0, width / 640)
    elsewhere: list[int] = []
    for i in frames[1:]:
        first, now = found[frames[0]], found[i]
        _, a, b = np.intersect1d(first.ids, now.ids, return_indices=True)
        if len(a) < 4:
            continue
        shift_px = np.linalg.norm(now.pixels[b] - first.pixels[a], axis=-1)
        if float(np.median(shift_px)) > limit_px:
            elsewhere.append(i)
    return elsewhere if len(elsewhere) >= FRAMES_TO_BELIEVE else []
