"""One pinhole camera for photos that lenses of any number took."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import as_rgb, check_total, open_image
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go
from xsim_core.geometry import PinholeCamera

Floats = NDArray[np.float64]

MIN_SHARE = 0.4
"""Of the field of view of the first camera that all must share."""
SAME_ASPECT = 0.01


@dataclass(frozen=True)
class PhotoCamera:
    """What took a photo."""

    width: int
    height: int
    K: Floats
    """(3, 3), pixel centres at integers."""
    lens: Lens

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal cameras."""
        return self.width, self.height, self.K.tobytes(), self.lens

    def of_size(self, width: int, height: int, source: str) -> "PhotoCamera":
        """The camera of the same photo, scaled.

        Raises:
            BadInputError: with ``source``, when it cannot be the same photo.
        """
        if (width, height) == (self.width, self.height):
            return self
        if abs(width * self.height / (height * self.width) - 1) > SAME_ASPECT:
            turned = " (it is turned: its EXIF data say so)" if width < height else ""
            raise BadInputError(
                f"{source} is {width}x{height}{turned}, its camera is of {self.width}x"
                f"{self.height} pixels: these are not the photos that were solved"
            )
        scaled = PinholeCamera(self.width, self.height, self.K).resized(width, height)
        return PhotoCamera(width, height, scaled.K, self.lens)


@dataclass(frozen=True)
class PosedPhoto:
    """A photo's file, camera and pose."""

    file: Path
    camera: PhotoCamera
    T_given_cam: Floats
    """(4, 4) in the frame and the unit of whoever solved it; OpenCV's axes."""


def common_pinhole(cameras: list[PhotoCamera], source: str) -> PinholeCamera:
    """A pinhole camera of the first one's size that sees only what all of them see.

    Raises:
        BadInputError: with ``source``, when they see too differently.
    """
    w, h = cameras[0].width, cameras[0].height
    rects = np.array([_rays_at_borders(c) for c in cameras])
    (left, top), (right, bottom) = rects[:, :2].max(0), rects[:, 2:].min(0)
    size = (right - left) * (bottom - top)
    first = rects[0]
    if right <= left or bottom <= top or size < MIN_SHARE * np.prod(first[2:] - first[:2]):
        raise BadInputError(
            f"{source}: its cameras share too little of their field of view to become one; keep "
            "the photos of one of them"
        )
    middle = np.array([left + right, top + bottom]) / 2
    half = np.array([right - left, bottom - top]) / 2
    for share in np.linspace(1, 0.5, 51):
        low, high = middle - share * half, middle + share * half
        f = (np.array([w, h]) - 1) / (high - low)
        K = np.array([[f[0], 0, -low[0] * f[0]], [0, f[1], -low[1] * f[1]], [0, 0, 1]])
        if all(_shows(c, low, high) for c in cameras):
            return PinholeCamera(w, h, K)
    raise BadInputError(f"{source}: its lens distortion leaves nothing of the picture")


def _rays_at_borders(camera: PhotoCamera) -> Floats:
    """Left, top, right, bottom (4,) in the plane z = 1, as if there were no distortion."""
    f, c = np.diag(camera.K)[:2], camera.K[:2, 2]
    return np.concatenate([-c / f, (np.array([camera.width, camera.height]) - 1 - c) / f])


def _shows(camera: PhotoCamera, low: Floats, high: Floats) -> bool:
    """Whether the photo holds all rays at the border of a rectangle in the plane z = 1."""
    t = np.linspace(0, 1, 33)
    x, y = low[0] + t * (high[0] - low[0]), low[1] + t * (high[1] - low[1])
    xs = np.concatenate([x, x, np.full(33, low[0]), np.full(33, high[0])])
    ys = np.concatenate([np.full(33, low[1]), np.full(33, high[1]), y, y])
    u, v = _seen_at(camera, xs, ys)
    slack = 0.01  # Of a pixel: sums of floats.
    inside = (u >= -slack) & (u <= camera.width - 1 + slack)
    return bool((inside & (v >= -slack) & (v <= camera.height - 1 + slack)).all())


def _seen_at(camera: PhotoCamera, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    dx, dy = camera.lens.distort(x, y)
    K = camera.K
    return K[0, 0] * dx + K[0, 1] * dy + K[0, 2], K[1, 1] * dy + K[1, 2]


def read_as(
    photos: list[PosedPhoto], pinhole: PinholeCamera, source: str
) -> tuple[NDArray[np.uint8], bool]:
    """The photos (n, h, w, 3) as the pinhole camera takes them; whether any was changed.

    Raises:
        BadInputError: when one cannot be read, or is not of its camera.
    """
    import cv2

    check_total(len(photos), (pinhole.height, pinhole.width), source)
    images = empty((len(photos), pinhole.height, pinhole.width, 3), np.uint8)
    v, u = np.mgrid[: pinhole.height, : pinhole.width].astype(np.float64)
    x, y = (u - pinhole.K[0, 2]) / pinhole.K[0, 0], (v - pinhole.K[1, 2]) / pinhole.K[1, 1]
    maps: dict[object, NDArray[np.float32]] = {}
    is_bent = False
    for i, photo in enumerate(photos):
        camera = photo.camera
        if camera.key not in maps:
            at = np.stack(_seen_at(camera, x, y), -1)
            maps[camera.key] = at.astype(np.float32)
        at = maps[camera.key]
        rgb = read_photo(photo)
        # As it is where every pixel is its own: interpolation would cost a bit of sharpness.
        is_same = rgb.shape == images.shape[1:] and np.abs(at - np.stack([u, v], -1)).max() < 0.02
        is_bent |= not is_same
        images[i] = rgb if is_same else cv2.remap(rgb, at, None, cv2.INTER_LINEAR)  # type: ignore[call-overload]
        let_go(images)
    return images, is_bent


def read_photo(photo: PosedPhoto) -> NDArray[np.uint8]:
    """The pixels (h, w, 3) of a photo."""
    with open_image(photo.file) as opened:
        return as_rgb(opened, str(photo.file))
