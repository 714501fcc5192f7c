"""What of a frame can be found again in others: corners with a description and a place in space.

SIFT (Lowe 2004), its descriptors as RootSIFT (Arandjelović and Zisserman 2012).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera

Floats = NDArray[np.floating]

MAX_FEATURES = 1500
CONTRAST = 0.02
"""Of SIFT, whose usual 0.04 leaves a bare desk without features."""
RATIO = 0.8
"""The best match must be so much nearer than the second (Lowe's test)."""
STEP = 0.02
"""Depth around a feature steps by less than this share of it; else it hangs on an edge."""


@dataclass(frozen=True)
class Features:
    """Features of one frame."""

    pixels: Floats
    """(n, 2)."""
    points_cam: Floats
    """(n, 3) by depth; NaN where none is measured."""
    descriptors: NDArray[np.float32]
    """(n, 128)."""

    @property
    def has_depth(self) -> NDArray[np.bool_]:
        """Which (n,) have a place in space."""
        return np.isfinite(self.points_cam[:, 2])

    def only(self, chosen: NDArray[Any]) -> "Features":
        """Those chosen by a mask or by numbers."""
        return Features(self.pixels[chosen], self.points_cam[chosen], self.descriptors[chosen])


def find_features(rgb: NDArray[np.uint8], depth_m: Floats, camera: PinholeCamera) -> Features:
    """The features of a frame.

    Args:
        rgb: (h, w, 3).
        depth_m: (h, w), 0 is no measurement.
        camera: of both.
    """
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    sift: Any = cv2.SIFT_create(nfeatures=MAX_FEATURES, contrastThreshold=CONTRAST)
    corners, found = sift.detectAndCompute(grey, None)
    if found is None or not len(corners):
        return Features(np.zeros((0, 2)), np.zeros((0, 3)), np.zeros((0, 128), np.float32))
    pixels = np.array([corner.pt for corner in corners])
    rooted = np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-9))
    rays = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(camera.K).T
    points = rays * _depth_at(depth_m, pixels)[:, None]
    return Features(pixels, points, rooted.astype(np.float32))


def _depth_at(depth_m: Floats, pixels: Floats) -> Floats:
    """Median depth (n,) of the 3x3 around each pixel; NaN at edges, and where little is measured.

    At an edge it is not known which of both surfaces the corner belongs to.
    """
    padded = np.pad(np.asarray(depth_m, np.float64), 1)
    padded[padded == 0] = np.nan
    u, v = np.rint(pixels).astype(int).T
    u, v = u.clip(0, depth_m.shape[1] - 1), v.clip(0, depth_m.shape[0] - 1)
    around = np.stack([padded[v + dv, u + du] for dv in range(3) for du in range(3)])
    z = np.full(len(u), np.nan)
    known = np.isfinite(around).sum(axis=0) >= 5
    low, high = np.nanmin(around[:, known], axis=0), np.nanmax(around[:, known], axis=0)
    z[known] = np.where(high - low < STEP * high, np.nanmedian(around[:, known], axis=0), np.nan)
    return z


def matches(a: Features, b: Features) -> NDArray[np.int64]:
    """Pairs (m, 2) of numbers in ``a`` and ``b`` of the same corner, each of ``b`` at most once."""
    import cv2

    if len(a.pixels) < 2 or len(b.pixels) < 2:
        return np.zeros((0, 2), np.int64)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(a.descriptors, b.descriptors, k=2)
    best: dict[int, tuple[float, int]] = {}
    for first, second in pairs:
        is_clear = first.distance < RATIO * second.distance
        before = best.get(first.trainIdx, (np.inf, -1))
        if is_clear and first.distance < before[0]:
            best[first.trainIdx] = first.distance, first.queryIdx
    return np.array([(i, j) for j, (_, i) in best.items()], np.int64).reshape(-1, 2)
