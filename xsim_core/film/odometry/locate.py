"""One frame's pose from points whose places are known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera, make_se3, so3_exp

Floats = NDArray[np.floating]

TRIES = 400
NEAR_PX = 2.0
"""Of 640 columns: how near a point must come to its corner to be one of the room's."""
MIN_INLIERS = 20
TURNS = 3


@dataclass(frozen=True)
class Located:
    """A frame's pose, and what speaks for it."""

    T_cam_room: Floats
    """(4, 4)."""
    is_inlier: NDArray[np.bool_]
    """(n,) of the points it was made from."""
    rms_px: float


def locate(points_room: Floats, pixels: Floats, camera: PinholeCamera) -> Located | None:
    """The pose that most points agree on; None where too few do.

    RANSAC over SQPnP (Terzakis and Lourakis 2020), then least squares on those that agree. Hand and
    object move by themselves: they agree with each other, not with the room, and are left out.

    Args:
        points_room: (n, 3) in the room's frame.
        pixels: (n, 2) where this frame shows them.
        camera: of the frame.
    """
    import cv2

    if len(points_room) < MIN_INLIERS:
        return None
    points, seen = np.ascontiguousarray(points_room, float), np.ascontiguousarray(pixels, float)
    near_px = NEAR_PX * max(1.0, camera.width / 640)
    # SQPnP: with its default inside, RANSAC tilts flat scenes to the wrong side.
    ransac: Any = cv2.solvePnPRansac  # Typed as if it always found something.
    ok, rvec, tvec, chosen = ransac(
        points,
        seen,
        camera.K,
        None,
        iterationsCount=TRIES,
        reprojectionError=near_px,
        confidence=0.9999,
        flags=cv2.SOLVEPNP_SQPNP,
    )
    if not ok or chosen is None or len(chosen) < MIN_INLIERS:
        return None
    is_inlier = np.zeros(len(points), bool)
    is_inlier[np.asarray(chosen, np.int64).ravel()] = True
    found: Located | None = None
    for _ in range(TURNS):
        on, at = points[is_inlier], seen[is_inlier]
        rvec, tvec = cv2.solvePnPRefineLM(on, at, camera.K, None, rvec, tvec)
        T = make_se3(so3_exp(np.ravel(rvec)), np.ravel(tvec))
        error_px = _errors_px(T, points, seen, camera)
        is_inlier = error_px < near_px
        if is_inlier.sum() < MIN_INLIERS:
            return None
        found = Located(T, is_inlier, float(np.sqrt(np.mean(error_px[is_inlier] ** 2))))
    return found


def _errors_px(T: Floats, points: Floats, seen: Floats, camera: PinholeCamera) -> Floats:
    """Distances (n,) in pixels; infinite for points behind the camera."""
    placed = points @ T[:3, :3].T + T[:3, 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.linalg.norm(camera.project(placed) - seen, axis=1)
    return np.where(placed[:, 2] > 0, error, np.inf)
