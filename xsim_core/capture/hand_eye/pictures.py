"""Boards in pictures, and the camera that they were taken with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import read_rgb
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import Board, detect_board, make_se3, so3_exp

Floats = NDArray[np.float64]

MAX_CALIBRATION_PX = 1.5
MIN_CORNERS = 6


@dataclass(frozen=True)
class Chessboard:
    """A plain chessboard by its inner corners; it may look the same after half a turn."""

    columns: int
    rows: int
    square_m: float

    @property
    def corners_board(self) -> Floats:
        """Inner corners (n, 3) in metres, row by row."""
        v, u = np.mgrid[: self.rows, : self.columns]
        return np.stack([u, v, 0 * u], axis=-1).reshape(-1, 3) * self.square_m

    @property
    def T_half(self) -> Floats:
        """The half turn (4, 4) about its middle: detectors begin at either corner."""
        last = [(self.columns - 1) * self.square_m, (self.rows - 1) * self.square_m, 0]
        return make_se3(np.diag([-1.0, -1.0, 1.0]), last)


@dataclass(frozen=True)
class Sighting:
    """The board in one picture."""

    points_board: Floats
    """(n, 3) in metres."""
    pixels: Floats
    """(n, 2)."""


def sight(file: Path, board: Chessboard | Board) -> tuple[Sighting | None, tuple[int, int]]:
    """The board in a picture, None where it is not seen; and the picture's width and height.

    Raises:
        BadInputError: when the picture cannot be read.
    """
    rgb = read_rgb(file)
    if isinstance(board, Chessboard):
        found = _chessboard(rgb, board)
    else:
        seen = detect_board(rgb, board)
        found = seen and Sighting(board.corners_board[seen.ids], seen.pixels)
    enough = found is not None and len(found.pixels) >= MIN_CORNERS
    return (found if enough else None), (rgb.shape[1], rgb.shape[0])


def _chessboard(rgb: NDArray[np.uint8], board: Chessboard) -> Sighting | None:
    import cv2

    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    flags = cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_NORMALIZE_IMAGE
    ok, corners = cv2.findChessboardCornersSB(grey, (board.columns, board.rows), flags=flags)
    if not ok:
        return None
    rough = np.asarray(corners, np.float32).reshape(-1, 1, 2)
    # A third of a square at most: wider windows see the neighbours.
    steps = np.linalg.norm(np.diff(rough[: board.columns, 0], axis=0), axis=1)
    reach = int(np.clip(np.median(steps) / 6, 2, 7))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-4)
    fine = cv2.cornerSubPix(grey, rough, (reach, reach), (-1, -1), stop)
    return Sighting(board.corners_board, np.asarray(fine, np.float64).reshape(-1, 2))


@dataclass(frozen=True)
class BoardViews:
    """The camera, and where it sees the board."""

    K: Floats
    """(3, 3)."""
    distortion: Floats
    """k1, k2, p1, p2, k3."""
    rms_px: float
    T_cam_board: Floats
    """(n, 4, 4)."""


def calibrated(sightings: Sequence[Sighting], image_wh: tuple[int, int]) -> BoardViews:
    """The camera from the pictures themselves: Zhang's method, as OpenCV has it.

    Raises:
        QualityGateError: when they do not fit one camera.
    """
    import cv2

    width, height = image_wh
    f = 1.2 * max(image_wh)
    K0 = np.array([[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1.0]])
    rms_px, K, distortion, turns, shifts = cv2.calibrateCamera(
        [s.points_board.astype(np.float32) for s in sightings],
        [s.pixels.astype(np.float32).reshape(-1, 1, 2) for s in sightings],
        image_wh,
        K0,
        None,
        flags=cv2.CALIB_USE_INTRINSIC_GUESS,
    )
    if not np.isfinite(rms_px) or rms_px > MAX_CALIBRATION_PX:
        raise QualityGateError(
            f"the pictures fit one camera with {rms_px:.2f} px only (gate {MAX_CALIBRATION_PX}). "
            "Is the number of corners right, the focus locked, and every picture sharp?"
        )
    T = make_se3(so3_exp(np.reshape(turns, (-1, 3))), np.reshape(shifts, (-1, 3)))
    K, distortion = np.asarray(K, np.float64), np.ravel(distortion).astype(np.float64)
    return BoardViews(K, distortion, float(rms_px), T)


def seen_by(sightings: Sequence[Sighting], K: Floats, distortion: Floats) -> BoardViews:
    """The boards' places for a camera that is known.

    Raises:
        QualityGateError: when they do not fit it.
    """
    import cv2

    poses: list[Floats] = []
    errors: list[float] = []
    for s in sightings:
        points, pixels = s.points_board, s.pixels
        _, turn, shift = cv2.solvePnP(points, pixels, K, distortion, flags=cv2.SOLVEPNP_SQPNP)
        turn, shift = cv2.solvePnPRefineLM(points, pixels, K, distortion, turn, shift)
        seen, _ = cv2.projectPoints(s.points_board, turn, shift, K, distortion)
        off = np.reshape(seen, (-1, 2)) - s.pixels
        errors.append(float(np.sqrt(np.mean(np.sum(off**2, axis=1)))))
        poses.append(make_se3(so3_exp(np.ravel(turn)), np.ravel(shift)))
    rms_px = float(np.median(errors))
    if rms_px > MAX_CALIBRATION_PX:
        raise QualityGateError(
            f"the boards fit these intrinsics with {rms_px:.2f} px only (gate "
            f"{MAX_CALIBRATION_PX}): are they of this camera, at this size?"
        )
    return BoardViews(K, distortion, rms_px, np.stack(poses))


def sightings_of(
    files: Sequence[Path],
    board: Chessboard | Board,
    say: Callable[[float], None] = lambda _: None,
) -> tuple[list[Sighting | None], tuple[int, int]]:
    """The board in every picture, and their one size.

    Raises:
        BadInputError: when a picture cannot be read, or they are of several sizes.
    """
    found: list[Sighting | None] = []
    sizes: dict[tuple[int, int], str] = {}
    for k, file in enumerate(files):
        seen, image_wh = sight(file, board)
        found.append(seen)
        sizes.setdefault(image_wh, file.name)
        say((k + 1) / len(files))
    if len(sizes) != 1:
        told = ", ".join(f"{name} is {w}x{h}" for (w, h), name in sizes.items())
        raise BadInputError(f"the pictures are of several sizes ({told}): they are of one camera")
    return found, next(iter(sizes))
