"""Pictures of a board on a textured plane, warped exactly, and the plane's depth."""

import cv2
import numpy as np

from xsim_core.geometry import BoardSpec, PinholeCamera, inverse_se3, look_at, make_se3

T_WORLD_BOARD = make_se3(np.eye(3), [0.45, -0.10, 0.0])
BOARD = BoardSpec(
    square_m=0.045, marker_m=0.034, T_world_board=tuple(map(tuple, T_WORLD_BOARD.tolist()))
)
CAMERA = PinholeCamera(640, 480, np.array([[600.0, 0, 321.0], [0, 600, 237.0], [0, 0, 1]]))
T_WORLD_CAM = look_at([0.95, 0.3, 0.6], [0.55, 0.0, 0.0])
PX_PER_M = 1000
LOW_M, HIGH_M = np.array([0.0, -0.6]), np.array([1.2, 0.6])
"""The table's ends; its texture's pixel (0, 0) is at (LOW x, HIGH y)."""


def table(board: BoardSpec | None = BOARD, *, seed: int = 0) -> np.ndarray:
    """The table from above (h, w, 3), the board lying on it."""
    rng = np.random.default_rng(seed)
    width, height = ((HIGH_M - LOW_M) * PX_PER_M).astype(int)
    grain = cv2.resize(rng.normal(110, 25, (60, 60)), (width, height), cv2.INTER_CUBIC)
    image = np.clip(grain, 0, 255).astype(np.uint8)
    if board is not None:
        step = round(board.square_m * PX_PER_M)
        sheet = cv2.copyMakeBorder(board.to_image(step), *[step // 2] * 4, 0, value=255)
        x, y = (T_WORLD_BOARD[:2, 3] - LOW_M) * PX_PER_M - step // 2
        top = height - round(y) - sheet.shape[0]
        image[top : top + sheet.shape[0], round(x) : round(x) + sheet.shape[1]] = sheet
    return np.repeat(image[..., None], 3, axis=2)


def photographed(
    on_table: np.ndarray,
    T_world_cam: np.ndarray = T_WORLD_CAM,
    *,
    camera: PinholeCamera = CAMERA,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """The table (h, w, 3) as a camera sees it, with sensor noise."""
    height = on_table.shape[0]
    A = np.array(
        [[1 / PX_PER_M, 0, LOW_M[0]], [0, -1 / PX_PER_M, HIGH_M[1] - 1 / PX_PER_M], [0, 0, 1]]
    )
    assert height == round((HIGH_M - LOW_M)[1] * PX_PER_M)
    H = camera.K @ inverse_se3(T_world_cam)[:3, [0, 1, 3]] @ A
    size = camera.width, camera.height
    seen = cv2.warpPerspective(on_table, H, size, flags=cv2.INTER_AREA, borderValue=(90, 90, 90))
    rng = rng or np.random.default_rng(0)
    return np.clip(seen + rng.normal(0, 2, seen.shape), 0, 255).astype(np.uint8)


def depth_mm_of_table(
    T_world_cam: np.ndarray = T_WORLD_CAM, *, camera: PinholeCamera = CAMERA
) -> np.ndarray:
    """Depth (h, w) of the plane z = 0 in whole millimetres; 0 beyond 4 m."""
    rays = camera.unproject(np.ones((camera.height, camera.width))) @ T_world_cam[:3, :3].T
    z = np.where(rays[..., 2] < -1e-3, -T_world_cam[2, 3] / np.minimum(rays[..., 2], -1e-3), 0)
    return np.where(z < 4, np.rint(1000 * z), 0).astype(np.uint16)
