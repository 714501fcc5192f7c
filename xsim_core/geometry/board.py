"""Printed calibration boards: what cannot be one, and finding one in an image."""

import difflib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import SE3, Pixels, Points
from .board_spec import Board, BoardSpec
from .camera import PinholeCamera
from .se3 import make_se3, so3_exp, transform_points
from .tag_spec import TagBoard
from .tags import find_tags, tags_fault

SENSIBLE_SQUARE_M = (0.004, 0.5)


def board_fault(board: Board) -> str | None:
    """Why no such board can have been printed or placed, as a sentence with the mend; or None."""
    import cv2

    known = sorted(n for n in dir(cv2.aruco) if n.startswith("DICT_"))
    if board.dictionary not in known:
        close = difflib.get_close_matches(board.dictionary, known, n=3)
        return (
            f"dictionary '{board.dictionary}' is not known; like it are {', '.join(close or known)}"
        )
    if isinstance(board, TagBoard):
        return tags_fault(board) or _pose_fault(board.T_world_board, faces_up=False)
    if board.squares_x < 3 or board.squares_y < 3:
        return f"{board.squares_x}x{board.squares_y} squares are too few: 3x3 or more give a pose"
    markers = board.squares_x * board.squares_y // 2
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, board.dictionary))
    if markers > (room := len(dictionary.bytesList)):
        return (
            f"{board.squares_x}x{board.squares_y} squares carry {markers} markers, but "
            f"{board.dictionary} has only {room}: state the dictionary that was printed"
        )
    low, high = SENSIBLE_SQUARE_M
    if not low <= board.square_m <= high:
        hint = "it looks like millimetres: divide by 1000" if board.square_m > 1 else "in metres"
        return f"square_m is {board.square_m:g} m, outside {low:g} to {high:g}; {hint}"
    if not 0.3 * board.square_m <= board.marker_m < board.square_m:
        return (
            f"marker_m is {board.marker_m:g} m on squares of {board.square_m:g} m: a marker lies "
            "inside its white square and fills most of it. Measure both on the print."
        )
    return _pose_fault(board.T_world_board)


def _pose_fault(pose: tuple[tuple[float, ...], ...], *, faces_up: bool = True) -> str | None:
    if [len(row) for row in pose] != [4, 4, 4, 4]:
        return f"T_world_board has rows of {[len(row) for row in pose]} numbers; it is 4x4"
    T = np.array(pose)
    R = T[:3, :3]
    if not np.allclose(T[3], [0, 0, 0, 1]):
        return f"T_world_board's last row is {T[3].tolist()}; it is 0 0 0 1"
    if not np.allclose(R @ R.T, np.eye(3), atol=0.02) or np.linalg.det(R) < 0:
        return (
            f"T_world_board's first three columns are no rotation (determinant "
            f"{np.linalg.det(R):.3g}); its columns are the board's x, y and z in the robot's frame"
        )
    if faces_up and R[2, 2] < -0.5:
        return (
            "T_world_board turns the printed side to the floor: its third column is the way out of "
            "the paper, and up is (0, 0, 1). OpenCV's own frame of the board has z into the paper "
            "and its origin at the top left; this one begins at the lower left, y up the page."
        )
    if np.abs(T[:3, 3]).max() > 20:
        return f"T_world_board puts the board at {T[:3, 3].tolist()} m; it is in metres"
    return None


@dataclass(frozen=True)
class BoardDetection:
    """Board corners found in one image, and the pose they give."""

    ids: NDArray[np.int64]
    """(n,) indices into ``BoardSpec.corners_board``."""
    pixels: NDArray[np.float64]
    """(n, 2)."""
    T_cam_board: NDArray[np.float64] | None
    """(4, 4), or None without intrinsics or with fewer than six corners (four of a tag)."""
    rms_px: float
    """Of the corners; NaN without a pose, infinite where some lie behind the camera."""


def detect_board(
    rgb: NDArray[np.uint8], board: Board, *, camera: PinholeCamera | None = None
) -> BoardDetection | None:
    """Find board or tags in an RGB image (h, w, 3); None when fewer than four corners are seen.

    Boards that OpenCV printed before 4.6 are found too: with an even number of rows they begin with
    a white square. Their corners lie at the same places.
    """
    import cv2

    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    is_tags = isinstance(board, TagBoard)
    found = find_tags(grey, board) if is_tags else _corners(grey, board)
    if found is None:
        return None
    ids, pixels = found
    if camera is None or len(ids) < (4 if is_tags else 6):
        return BoardDetection(ids, pixels, None, float("nan"))
    points = board.corners_board[ids]
    # Not SOLVEPNP_IPPE: with z towards the camera it can be far off even for exact corners.
    ok, rvec, tvec = cv2.solvePnP(points, pixels, camera.K, None, flags=cv2.SOLVEPNP_SQPNP)
    if not ok:
        return BoardDetection(ids, pixels, None, float("nan"))
    rvec, tvec = cv2.solvePnPRefineLM(points, pixels, camera.K, None, rvec, tvec)
    T_cam_board = make_se3(so3_exp(rvec[:, 0]), tvec[:, 0])
    rms_px = reprojection_rms_px(T_cam_board, points, pixels, camera)
    return BoardDetection(ids, pixels, T_cam_board, rms_px)


def reprojection_rms_px(
    T_cam_board: SE3, points_board: Points, pixels: Pixels, camera: PinholeCamera
) -> float:
    """How far points (n, 3) at a pose fall from pixels (n, 2).

    Infinite where one lies behind the camera: it projects nowhere, and NaN would pass every gate.
    """
    predicted = camera.project(transform_points(T_cam_board, points_board))
    rms_px = float(np.sqrt(np.mean(np.sum((predicted - pixels) ** 2, axis=-1))))
    return rms_px if np.isfinite(rms_px) else np.inf


def _corners(
    grey: NDArray[np.uint8], board: BoardSpec
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    import cv2

    printed = board.to_cv()
    for is_legacy in (False, True):
        printed.setLegacyPattern(is_legacy)
        corners, ids, _, marker_ids = cv2.aruco.CharucoDetector(printed).detectBoard(grey)
        if ids is not None and len(ids) >= 4:
            pixels = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
            return np.asarray(ids).reshape(-1).astype(np.int64), pixels
        if marker_ids is None or board.squares_y % 2 == 1:
            return None  # Nothing of a board; or both patterns are the same.
    return None
