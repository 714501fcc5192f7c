"""Printed calibration boards: where metric scale and the robot-base frame come from."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import FrozenModel

from .camera import PinholeCamera
from .se3 import make_se3, so3_exp


class BoardSpec(FrozenModel):
    """A ChArUco board and where it lies.

    The board frame is x along the columns, y *away from* the first printed row, z out
    of the paper; its origin is the outer corner of the board that is opposite to OpenCV's (the
    lower-left corner of the print as one reads it).
    """

    kind: Literal["charuco"] = "charuco"
    squares_x: int = 6
    squares_y: int = 4
    square_m: float = 0.04
    marker_m: float = 0.03
    dictionary: str = "DICT_4X4_50"
    T_world_board: tuple[tuple[float, ...], ...]
    """Pose (4, 4) of the board in the robot-base frame, measured by whoever placed the board."""

    @property
    def corners_board(self) -> NDArray[np.float64]:
        """Inner chessboard corners (n, 3) in metres, in the order of their OpenCV ids."""
        nx, ny = self.squares_x - 1, self.squares_y - 1
        v, u = np.mgrid[1 : ny + 1, 1 : nx + 1]
        # OpenCV counts rows downwards from the printed top, with z into the paper.
        points = np.stack([u, self.squares_y - v, np.zeros_like(u)], axis=-1).astype(float)
        return points.reshape(-1, 3) * self.square_m

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the printed chessboard."""
        return self.squares_x * self.square_m, self.squares_y * self.square_m

    def to_cv(self) -> Any:
        """The OpenCV ``CharucoBoard``."""
        import cv2

        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        size = (self.squares_x, self.squares_y)
        return cv2.aruco.CharucoBoard(size, self.square_m, self.marker_m, dictionary)

    def to_image(self, px_per_square: int = 64) -> NDArray[np.uint8]:
        """The board as printed, grey (h, w) uint8, without margin; for printing and rendering."""
        size = (self.squares_x * px_per_square, self.squares_y * px_per_square)
        return np.asarray(self.to_cv().generateImage(size), dtype=np.uint8)


@dataclass(frozen=True)
class BoardDetection:
    """Board corners found in one image, and the pose they give."""

    ids: NDArray[np.int64]
    """(n,) indices into ``BoardSpec.corners_board``."""
    pixels: NDArray[np.float64]
    """(n, 2)."""
    T_cam_board: NDArray[np.float64] | None
    """(4, 4), or None with fewer than six corners or without intrinsics."""
    rms_px: float


def detect_board(
    rgb: NDArray[np.uint8], board: BoardSpec, *, camera: PinholeCamera | None = None
) -> BoardDetection | None:
    """Find the board in an RGB image (h, w, 3); None when fewer than four corners are seen."""
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    corners, ids, _, _ = cv2.aruco.CharucoDetector(board.to_cv()).detectBoard(grey)
    if ids is None or len(ids) < 4:
        return None
    ids = np.asarray(ids).reshape(-1).astype(np.int64)
    pixels = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    if camera is None or len(ids) < 6:
        return BoardDetection(ids, pixels, None, float("nan"))
    points = board.corners_board[ids]
    ok, rvec, tvec = cv2.solvePnP(points, pixels, camera.K, None, flags=cv2.SOLVEPNP_IPPE)
    if not ok:
        return BoardDetection(ids, pixels, None, float("nan"))
    rvec, tvec = cv2.solvePnPRefineLM(points, pixels, camera.K, None, rvec, tvec)
    T_cam_board = make_se3(so3_exp(rvec[:, 0]), tvec[:, 0])
    predicted = camera.project(points @ T_cam_board[:3, :3].T + T_cam_board[:3, 3])
    rms_px = float(np.sqrt(np.mean(np.sum((predicted - pixels) ** 2, axis=-1))))
    return BoardDetection(ids, pixels, T_cam_board, rms_px)
