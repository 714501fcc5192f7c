"""One RGB-D frame at several scales, with what the tracker's terms need, made lazily."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import PinholeCamera
from xsim_core.geometry.arrays import DepthImage, GradientImage, GreyImage, Points2, RgbImage

from .config import Engine
from .kernel import calls
from .kernel.structures import View


@dataclass(frozen=True)
class Roi:
    """A rectangle of whole pixels: ``u0 <= u < u1``, ``v0 <= v < v1``."""

    u0: int
    v0: int
    u1: int
    v1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """To cut the rectangle out of an (h, w, ...) array."""
        return slice(self.v0, self.v1), slice(self.u0, self.u1)

    @property
    def area(self) -> int:
        """In pixels."""
        return (self.u1 - self.u0) * (self.v1 - self.v0)

    @property
    def is_empty(self) -> bool:
        """Whether fewer than four pixels a side are left."""
        return self.u1 - self.u0 < 4 or self.v1 - self.v0 < 4


def roi_of_points(pixels: Points2, camera: PinholeCamera, *, margin_px: int) -> Roi:
    """The rectangle around pixels (n, 2), grown by a margin and cut at the image's border."""
    finite = pixels[np.isfinite(pixels).all(-1)]
    if len(finite) == 0:
        return Roi(0, 0, 0, 0)
    low = np.floor(finite.min(0)) - margin_px
    high = np.ceil(finite.max(0)) + margin_px + 1
    u0, v0 = np.clip(low, 0, [camera.width, camera.height]).astype(int)
    u1, v1 = np.clip(high, 0, [camera.width, camera.height]).astype(int)
    return Roi(int(u0), int(v0), int(u1), int(v1))


class Level:
    """The frame at one scale."""

    def __init__(self, rgb: RgbImage, depth_m: DepthImage, camera: PinholeCamera) -> None:
        """Hold one scale: rgb (h, w, 3), depth_m (h, w) with 0 = no measurement."""
        self.rgb, self.depth_m, self.camera = rgb, depth_m, camera

    @cached_property
    def view(self) -> View:
        """As the kernel sees it."""
        return View.of(self.rgb, self.depth_m, self.camera.K)

    @cached_property
    def grey(self) -> GreyImage:
        """Lightly smoothed luminance (h, w) in [0, 255]."""
        grey = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(grey, (3, 3), 0.8), np.float32)

    @cached_property
    def gradient(self) -> GradientImage:
        """Derivatives (h, w, 2) of the luminance a pixel."""
        gx = cv2.Scharr(self.grey, cv2.CV_32F, 1, 0, scale=1 / 32)
        gy = cv2.Scharr(self.grey, cv2.CV_32F, 0, 1, scale=1 / 32)
        return np.stack([gx, gy], axis=-1, dtype=np.float32)

    @cached_property
    def colour_bin(self) -> NDArray[np.int32]:
        """Index (h, w) into 16 x 16 x 16 colour histograms."""
        bins = (self.rgb >> 4).astype(np.int32)
        return (bins[..., 0] << 8) | (bins[..., 1] << 4) | bins[..., 2]


class Frame:
    """An RGB-D frame and its downscaled levels."""

    def __init__(
        self,
        rgb: RgbImage,
        depth_m: DepthImage,
        camera: PinholeCamera,
        *,
        engine: Engine = "cpp",
    ) -> None:
        """Hold a frame: rgb (h, w, 3), depth_m (h, w) aligned to it, 0 = no measurement."""
        self.camera = camera
        self._engine: Engine = engine
        self._levels = {1: Level(rgb, np.asarray(depth_m, np.float32), camera)}

    def level(self, scale: int) -> Level:
        """The frame at 1/scale of its size."""
        if scale not in self._levels:
            self._levels[scale] = self._downscale(scale)
        return self._levels[scale]

    def _downscale(self, scale: int) -> Level:
        full = self._levels[1]
        h, w = full.depth_m.shape[0] // scale, full.depth_m.shape[1] // scale
        rgb = full.rgb[: h * scale, : w * scale]
        small = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA)
        depth_m = shrink_depth(full.depth_m, scale, engine=self._engine)
        cropped = PinholeCamera(w * scale, h * scale, self.camera.K)
        return Level(np.asarray(small, np.uint8), depth_m, cropped.resized(w, h))


def shrink_depth(depth_m: DepthImage, scale: int, *, engine: Engine = "cpp") -> NDArray[np.float32]:
    """Depth at 1/scale of its size: the mean of the near surface in every cell of pixels.

    A mean across a depth edge would be a point in mid-air.
    """
    match engine:
        case "cpp":
            return calls.shrink_depth(depth_m, scale)
        case "reference":
            pass
    h, w = depth_m.shape[0] // scale, depth_m.shape[1] // scale
    cells = depth_m[: h * scale, : w * scale].reshape(h, scale, w, scale)
    valid = cells > 0
    nearest = np.where(valid, cells, np.inf).min(axis=(1, 3))
    near = valid & (cells < nearest[:, None, :, None] + 0.01)
    count = near.sum(axis=(1, 3))
    shrunk = np.where(near, cells, 0).sum(axis=(1, 3)) / np.maximum(count, 1)
    return shrunk.astype(np.float32)
