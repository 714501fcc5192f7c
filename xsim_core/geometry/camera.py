"""The pinhole camera: OpenCV axes, pixel centres at integer coordinates."""

from dataclasses import dataclass

import numpy as np

from .arrays import SE3, ArrayLike, Indices, Intrinsics, Pixels, Points
from .se3 import make_se3


@dataclass(frozen=True)
class PinholeCamera:
    """Intrinsics of an undistorted camera."""

    width: int
    height: int
    K: Intrinsics
    """(3, 3) in pixels."""

    @staticmethod
    def from_fov(width: int, height: int, fov_y_rad: float) -> "PinholeCamera":
        """A camera with square pixels, a centred principal point and a vertical field of view."""
        f = 0.5 * height / np.tan(0.5 * fov_y_rad)
        K = np.array([[f, 0, (width - 1) / 2], [0, f, (height - 1) / 2], [0, 0, 1.0]])
        return PinholeCamera(width, height, K)

    def resized(self, width: int, height: int) -> "PinholeCamera":
        """The same camera after resizing its images to (height, width)."""
        sx, sy = width / self.width, height / self.height
        K = self.K.copy()
        K[0, :2] *= sx
        K[1, 1] *= sy
        # Pixel centres are integers: (c + 0.5), the distance to the image edge, scales.
        K[0, 2] = (self.K[0, 2] + 0.5) * sx - 0.5
        K[1, 2] = (self.K[1, 2] + 0.5) * sy - 0.5
        return PinholeCamera(width, height, K)

    def project(self, points_cam: ArrayLike) -> Pixels:
        """Pixels (..., 2) of camera-frame points (..., 3); points with z <= 0 become NaN."""
        points_cam = np.asarray(points_cam, dtype=np.float64)
        z = points_cam[..., 2:]
        with np.errstate(divide="ignore", invalid="ignore"):
            uv = (points_cam / np.where(z > 0, z, np.nan)) @ self.K.T
        return uv[..., :2]

    def nearest_pixels(
        self, points_cam: Points, *, near_m: float = 0.02
    ) -> tuple[Indices, tuple[Indices, Indices]]:
        """Which of many points the image shows, and at which pixels: rows (k,), then v and u (k,).

        For the voxels into which depth is fused.

        Args:
            points_cam: (n, 3) in the camera's frame.
            near_m: what is nearer, or behind, is not shown.
        """
        z, K = points_cam[:, 2], self.K.astype(np.float32)
        safe = np.maximum(z, 1e-6)
        u = np.rint(K[0, 0] * points_cam[:, 0] / safe + K[0, 2])
        v = np.rint(K[1, 1] * points_cam[:, 1] / safe + K[1, 2])
        is_shown = (z > near_m) & (u >= 0) & (v >= 0) & (u < self.width) & (v < self.height)
        rows = np.flatnonzero(is_shown)
        return rows, (v[rows].astype(np.int64), u[rows].astype(np.int64))

    def unproject(self, depth_m: ArrayLike) -> Points:
        """Camera-frame points (h, w, 3) of a z-depth image (h, w) in metres; 0 stays 0."""
        depth_m = np.asarray(depth_m, dtype=np.float64)
        v, u = np.mgrid[: depth_m.shape[0], : depth_m.shape[1]]
        x = (u - self.K[0, 2]) / self.K[0, 0]
        y = (v - self.K[1, 2]) / self.K[1, 1]
        return np.stack([x, y, np.ones_like(x)], axis=-1) * depth_m[..., None]


def look_at(
    eye_world: ArrayLike, target_world: ArrayLike, *, up_world: ArrayLike = (0, 0, 1)
) -> SE3:
    """``T_world_cam`` (4, 4) of an OpenCV camera at ``eye`` that looks at ``target``.

    Raises:
        ValueError: if the view direction is parallel to ``up``.
    """
    eye, target = np.asarray(eye_world, float), np.asarray(target_world, float)
    forward = target - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, np.asarray(up_world, float))
    norm = np.linalg.norm(right)
    if norm < 1e-9:
        raise ValueError(f"look_at: direction {forward} is parallel to up {up_world}")
    right /= norm
    down = np.cross(forward, right)
    return make_se3(np.stack([right, down, forward], axis=-1), eye)
