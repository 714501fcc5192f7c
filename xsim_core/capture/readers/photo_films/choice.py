"""Which frames of a film are worth being photos: the sharpest of each stretch of the camera's way.

The way is measured by corners that are followed from frame to frame (Lucas and Kanade 1981, in
pyramids). What the best turn of the camera leaves of their motion is parallax, from which structure
from motion knows depth; all of it says how much of the picture is new. Blur is told by the variance
of the Laplacian (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, 2000), which
depends on what is seen and is therefore compared within a stretch only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Grey = NDArray[np.uint8]

PARALLAX, DISPLACED = 0.02, 0.10
"""Of the picture's larger side; a stretch of the way ends at either."""
NOISE = 0.0005
"""Of the larger side: how far corners of a still film are thought to wander from frame to frame."""
FOCAL = 0.9
"""Of the larger side, as phones film; a turn is told from a move by it, so it may be 20 % off."""
MAX_CORNERS, LEAST_CORNERS = 300, 12
ROUNDS = 3


@dataclass(frozen=True)
class Step:
    """How far the camera came since the frame before, of the picture's larger side."""

    parallax: float
    displaced: float

    @property
    def stretch(self) -> float:
        """The share of a stretch that it is."""
        moved = max(0.0, self.parallax - NOISE) / PARALLAX
        return max(moved, max(0.0, self.displaced - NOISE) / DISPLACED)


LOST = Step(PARALLAX, DISPLACED)
"""Nothing could be followed: all of the picture is new."""


def sharpness(grey: Grey) -> float:
    """Variance of the Laplacian of a picture (h, w)."""
    import cv2

    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def step_between(before: Grey, after: Grey) -> Step:
    """How far the camera came from one picture (h, w) to the next."""
    import cv2

    corners: Any = cv2.goodFeaturesToTrack(before, MAX_CORNERS, 0.01, 6)
    if corners is None or len(corners) < LEAST_CORNERS:
        return LOST
    found, ok, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, np.empty_like(corners))
    kept = ok[:, 0] == 1
    if kept.sum() < LEAST_CORNERS:
        return LOST
    size = (before.shape[1], before.shape[0])
    return _step(corners[kept, 0].astype(float), found[kept, 0].astype(float), size)


def _step(before: Floats, after: Floats, size: tuple[int, int]) -> Step:
    """Of corners (n, 2), pixels."""
    side = float(max(size))
    rays, seen = (_rays(points, size) for points in (before, after))
    kept = np.ones(len(rays), bool)
    residual = np.zeros(len(rays))
    for _ in range(ROUNDS):
        turned = rays @ _rotation(rays[kept], seen[kept]).T
        residual = np.linalg.norm(turned[:, :2] / turned[:, 2:] - seen[:, :2] / seen[:, 2:], axis=1)
        kept = residual <= np.median(residual)
    displaced = np.median(np.linalg.norm(after - before, axis=1)) / side
    # Far things move with the turn alone: the nearer third tells how far the camera went.
    return Step(float(np.quantile(residual, 0.67) * FOCAL), float(displaced))


def _rays(points: Floats, size: tuple[int, int]) -> Floats:
    """Unit directions (n, 3)."""
    middle = (np.array(size) - 1) / 2
    rays = np.column_stack([(points - middle) / (FOCAL * max(size)), np.ones(len(points))])
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def _rotation(rays: Floats, seen: Floats) -> Floats:
    """R (3, 3) with seen ≈ R rays (Kabsch 1976)."""
    U, _, Vt = np.linalg.svd(seen.T @ rays)
    return U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt


def choose(stretches: Floats, sharp: Floats, most: int) -> NDArray[np.int64]:
    """Frames, in order: the sharpest of each stretch of the way.

    Args:
        stretches: (n,) what each frame adds to the way, in stretches; that of the first is 0.
        sharp: (n,) by ``sharpness``.
        most: so many at most; of a longer way the stretches are longer.
    """
    way = np.cumsum(stretches)
    count = int(min(most, np.floor(way[-1]) + 1))
    window = np.minimum((way * (count / max(way[-1], 1e-9))).astype(int), count - 1)
    if way[-1] <= 0:
        window = np.zeros(len(way), int)
    chosen = [np.flatnonzero(window == k) for k in range(count)]
    return np.array([rows[np.argmax(sharp[rows])] for rows in chosen if len(rows)], np.int64)
