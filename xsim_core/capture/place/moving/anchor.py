"""Where the frame of a camera's path lies in the world: by the board that its frames show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.geometry import (
    Board,
    BoardDetection,
    PinholeCamera,
    detect_board,
    inverse_se3,
    se3_exp,
    transform_points,
)

Floats = NDArray[np.floating]

MAX_FRAMES = 40
MAX_CANDIDATES = 8
FAR_PX = 1e3
"""What a corner behind the camera counts for."""


@dataclass(frozen=True)
class Anchor:
    """Path and board held together."""

    T_world_path: Floats
    """(4, 4)."""
    rms_px: Floats
    """(n,) of the board's corners in each frame that shows it."""
    apart: Floats
    """(4, 4) by which the second half of the frames alone has it elsewhere than the first half."""


def anchored(
    T_path_cam: Floats, has_pose: NDArray[np.bool_], board: Board, video: RGBDVideo
) -> Anchor | None:
    """The pose with which the board's corners fall where all frames show them; None where none do.

    A single frame tells a small or distant board's tilt badly; its corners in many frames, between
    which the path is known, tell it well.

    Args:
        T_path_cam: (t, 4, 4).
        has_pose: (t,) frames whose pose is known.
        board: at a known place in the world.
        video: the film.
    """
    known = np.flatnonzero(has_pose)
    frames = known[np.unique(np.linspace(0, len(known) - 1, MAX_FRAMES).round().astype(int))]
    detected = [(i, detect_board(video.rgb[i], board, camera=video.camera)) for i in frames]
    seen = [_Seen(d, T_path_cam[i], board, video.camera) for i, d in detected if d is not None]
    if not (posed := [s for s in seen if s.T_path_board is not None]):
        return None
    step = -(-len(posed) // MAX_CANDIDATES)
    candidates = [s.T_path_board for s in posed[::step] if s.T_path_board is not None]
    errors = [np.median([s.rms_px(T) for s in seen]) for T in candidates]
    start = candidates[int(np.argmin(errors))]
    T_path_board = _fitted(start, seen)
    half = max(1, len(seen) // 2)
    first, second = _fitted(T_path_board, seen[:half]), _fitted(T_path_board, seen[half:] or seen)
    return Anchor(
        np.array(board.T_world_board) @ inverse_se3(T_path_board),
        np.array([s.rms_px(T_path_board) for s in seen]),
        second @ inverse_se3(first),
    )


class _Seen:
    """The board in one frame of the path."""

    def __init__(
        self, found: BoardDetection, T_path_cam: Floats, board: Board, camera: PinholeCamera
    ) -> None:
        self.points, self.pixels = board.corners_board[found.ids], found.pixels
        self.T_cam_path, self.camera = inverse_se3(T_path_cam), camera
        T = found.T_cam_board
        self.T_path_board = None if T is None else T_path_cam @ T

    def off_px(self, T_path_board: Floats) -> Floats:
        """Residuals (n, 2)."""
        placed = transform_points(self.T_cam_path @ T_path_board, self.points)
        with np.errstate(invalid="ignore", divide="ignore"):
            off = self.camera.project(placed) - self.pixels
        return np.clip(np.where(placed[:, 2:] > 0, off, FAR_PX), -FAR_PX, FAR_PX)

    def rms_px(self, T_path_board: Floats) -> float:
        """Of its corners."""
        return float(np.sqrt(np.mean(np.sum(self.off_px(T_path_board) ** 2, axis=1))))


def _fitted(start: Floats, seen: list[_Seen]) -> Floats:
    from scipy.optimize import least_squares

    def off(x: Floats) -> Floats:
        return np.concatenate([s.off_px(start @ se3_exp(x)) for s in seen]).ravel()

    return start @ se3_exp(least_squares(off, np.zeros(6), loss="soft_l1").x)
