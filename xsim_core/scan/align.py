"""From SfM's frame and scale to metres in the robot-base frame, by a printed board."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from xsim_core.files.windows import each
from xsim_core.geometry import Board, PinholeCamera, detect_board

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BoardCorners:
    """Board corners seen in photos: row i is corner ``ids[i]`` in image ``image[i]``."""

    image: NDArray[np.int64]
    ids: NDArray[np.int64]
    pixels: Floats
    num_images: int


def find_board_corners(images: NDArray[np.uint8], board: Board) -> BoardCorners:
    """Detect the board in images (n, h, w, 3)."""
    rows: list[tuple[int, int, Floats]] = []
    seen = set()
    for index, rgb in enumerate(each(images)):
        found = detect_board(rgb, board)
        if found is None:
            continue
        seen.add(index)
        rows += [(index, int(i), p) for i, p in zip(found.ids, found.pixels, strict=True)]
    image = np.array([r[0] for r in rows], dtype=np.int64)
    ids = np.array([r[1] for r in rows], dtype=np.int64)
    pixels = np.array([r[2] for r in rows], dtype=np.float64).reshape(-1, 2)
    return BoardCorners(image, ids, pixels, len(seen))


def triangulate_corners(
    corners: BoardCorners, T_cam_sfm: Floats, camera: PinholeCamera, *, max_error_px: float = 3.0
) -> dict[int, Floats]:
    """Corner id → point (3,) in SfM's frame, for corners that three images or more agree on."""
    views = defaultdict(list)
    for image, corner, pixel in zip(corners.image, corners.ids, corners.pixels, strict=True):
        views[int(corner)].append((int(image), pixel))
    points = {}
    for corner, seen in views.items():
        poses = T_cam_sfm[[i for i, _ in seen]]
        pixels = np.array([p for _, p in seen])
        if len(seen) < 3:
            continue
        # The linear solution bends to wrong detections; the robust one lets them stand out.
        point = _refine(_triangulate(poses, pixels, camera.K), poses, pixels, camera)
        predicted = camera.project(poses[:, :3, :3] @ point + poses[:, :3, 3])
        keep = np.linalg.norm(predicted - pixels, axis=-1) < max_error_px
        if keep.sum() >= 3:
            points[corner] = _refine(point, poses[keep], pixels[keep], camera)
    return points


def _triangulate(T_cam_sfm: Floats, pixels: Floats, K: Floats) -> Floats:
    """Linear triangulation (Hartley & Zisserman, Multiple View Geometry, §12.2)."""
    P = K @ T_cam_sfm[:, :3]  # (n, 3, 4)
    rows = pixels[:, :, None] * P[:, 2:3] - P[:, :2]  # (n, 2, 4)
    point = np.linalg.svd(rows.reshape(-1, 4))[2][-1]
    return point[:3] / point[3]


def _refine(point: Floats, T_cam_sfm: Floats, pixels: Floats, camera: PinholeCamera) -> Floats:
    """The point (3,) with the least robust reprojection error over all its views."""

    def residuals(p: Floats) -> Floats:
        predicted = camera.project(T_cam_sfm[:, :3, :3] @ p + T_cam_sfm[:, :3, 3])
        return np.nan_to_num(predicted - pixels, nan=100.0).ravel()

    return least_squares(residuals, point, loss="cauchy", x_scale="jac").x


def fit_similarity(source: Floats, target: Floats) -> tuple[float, Floats, Floats]:
    """Scale s, rotation R (3, 3) and translation t (3,) with target ≈ s R source + t.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    mu_s, mu_t = source.mean(axis=0), target.mean(axis=0)
    source_0, target_0 = source - mu_s, target - mu_t
    U, D, Vt = np.linalg.svd(target_0.T @ source_0)
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ Vt))])
    R = U @ sign @ Vt
    scale = float(np.trace(np.diag(D) @ sign) / np.sum(source_0**2))
    return scale, R, mu_t - scale * R @ mu_s


def similarity_rms(source: Floats, target: Floats, s: float, R: Floats, t: Floats) -> float:
    """Root mean square distance between target and s R source + t."""
    residual = target - (s * source @ R.T + t)
    return float(np.sqrt(np.mean(np.sum(residual**2, axis=-1))))


def apply_similarity(T_cam_sfm: Floats, s: float, R: Floats, t: Floats) -> Floats:
    """``T_world_cam`` (n, 4, 4) of cameras given as ``T_cam_sfm`` (n, 4, 4)."""
    R_sfm_cam = np.swapaxes(T_cam_sfm[:, :3, :3], 1, 2)
    centres_sfm = -(R_sfm_cam @ T_cam_sfm[:, :3, 3:])[..., 0]
    T = np.tile(np.eye(4), (len(T_cam_sfm), 1, 1))
    T[:, :3, :3] = R @ R_sfm_cam
    T[:, :3, 3] = s * centres_sfm @ R.T + t
    return T
