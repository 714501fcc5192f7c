"""The posed photos as the trainer wants them: small, float, with the points each one sees."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import PosedImages
from xsim_core.errors import BadInputError
from xsim_core.files.windows import each
from xsim_core.geometry import PinholeCamera, inverse_se3, transform_points
from xsim_core.storage import OpenArtifact

Floats = NDArray[np.float32]

TOGETHER = 0.02
"""Of how far they see: cameras this near to each other are taken for one viewpoint."""


@dataclass(frozen=True)
class View:
    """One posed photo."""

    rgb: Floats
    """(h, w, 3) in [0, 1]."""
    T_cam_world: NDArray[np.float64]
    points_px: Floats
    """(p, 2) where the triangulated points that this photo may see fall."""
    points_depth_m: Floats
    """(p,) their z-depth."""


@dataclass(frozen=True)
class PosedViews:
    """All photos of a room at one size, and its triangulated points."""

    camera: PinholeCamera
    train: tuple[View, ...]
    held_out: tuple[View, ...]
    points_world: Floats
    """(p, 3)."""
    points_rgb: Floats
    """(p, 3) in [0, 1]."""

    @property
    def extent_m(self) -> float:
        """Radius of the cameras around their mean: the scene's natural unit of length.

        Cameras that stand together span nothing: then it is how far they see.
        """
        radius = 1.1 * self.spread_m
        if radius >= TOGETHER * (seen := self._seen_m):
            return max(1e-3, radius)
        return max(1e-3, seen)

    @property
    def spread_m(self) -> float:
        """How far the farthest camera is from their mean; 0 for one viewpoint."""
        centres = np.stack([inverse_se3(v.T_cam_world)[:3, 3] for v in self.train])
        return float(np.linalg.norm(centres - centres.mean(0), axis=1).max())

    @property
    def is_one_viewpoint(self) -> bool:
        """Whether all images are of one place, so that held-out ones tell of no other."""
        return self.spread_m < TOGETHER * self._seen_m

    @property
    def _seen_m(self) -> float:
        depths = np.concatenate([v.points_depth_m for v in self.train])
        return float(np.median(depths)) if len(depths) else 0.0


def load_views(images: OpenArtifact[PosedImages], *, image_width: int) -> PosedViews:
    """Read the photos and shrink them.

    Raises:
        BadInputError: when there is nothing to train on, to judge by, or to start from.
    """
    photos, K = images.frames("images"), images.array("K")
    is_held_out = images.array("is_held_out").astype(bool)
    points = images.array("points_world").astype(np.float32)
    h, w = photos.shape[1:3]
    if is_held_out.sum() < 1 or (~is_held_out).sum() < 2 or len(points) < 16:
        raise BadInputError(
            f"{images.ref}: splat needs two photos to train on, one held out and 16 points; it has "
            f"{(~is_held_out).sum()}, {is_held_out.sum()} and {len(points)}. Add photos."
        )
    width = min(image_width, w)
    camera = PinholeCamera(w, h, K).resized(width, round(h * width / w))
    T_world_cam = images.array("T_world_cam")
    views = [
        _make_view(photo, inverse_se3(T), points, camera)
        for photo, T in zip(each(photos), T_world_cam, strict=True)
    ]
    return PosedViews(
        camera,
        tuple(v for v, held in zip(views, is_held_out, strict=True) if not held),
        tuple(v for v, held in zip(views, is_held_out, strict=True) if held),
        points,
        images.array("points_rgb").astype(np.float32) / np.float32(255),
    )


def _make_view(
    photo: NDArray[np.uint8],
    T_cam_world: NDArray[np.float64],
    points: Floats,
    camera: PinholeCamera,
) -> View:
    small = cv2.resize(photo, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    points_cam = transform_points(T_cam_world, points)
    uv, z = camera.project(points_cam), points_cam[:, 2]
    with np.errstate(invalid="ignore"):
        inside = (z > 0) & (uv >= 0).all(1) & (uv < (camera.width - 1, camera.height - 1)).all(1)
    uv, z = uv[inside], z[inside]
    front = _in_front(uv, z)
    rgb = np.ascontiguousarray(small.astype(np.float32) / np.float32(255))
    return View(rgb, T_cam_world, uv[front].astype(np.float32), z[front].astype(np.float32))


def _in_front(
    uv: NDArray[np.float64], z: NDArray[np.float64], *, cell_px: int = 8
) -> NDArray[np.bool_]:
    """Points within 10 % of the nearest depth in their cell: a coarse test for occlusion.

    What it lets through by mistake, the truncated depth loss ignores.
    """
    cells = (uv // cell_px).astype(int)
    key = cells[:, 1] * 4096 + cells[:, 0]
    nearest: dict[int, float] = {}
    for k, depth in zip(key.tolist(), z.tolist(), strict=True):
        nearest[k] = min(depth, nearest.get(k, np.inf))
    return z <= 1.1 * np.array([nearest[k] for k in key.tolist()])
