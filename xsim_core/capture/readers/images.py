"""Image files from outside, with their size known before memory is asked for."""

import io
import re
import struct
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go

COLOUR_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".heic", ".heif", ".avif", ".webp", ".tif", ".tiff", ".bmp", ".ppm",
    ".pgm",
)  # fmt: skip
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_IMAGE_PIXELS = 100_000_000
STRIP_PIXELS = 4_000_000
MAX_STACK_PIXELS = 2_500_000_000
"""1 800 frames of 1280x720 are 1 660 million."""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts ``2.png`` before ``10.png``."""
    parts = re.split(r"(\d+)", name)
    return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]


def image_files(folder: Path, suffixes: tuple[str, ...] = COLOUR_SUFFIXES) -> list[Path]:
    """The folder's images in natural order; hidden files are none."""
    if not folder.is_dir():
        return []
    found = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.name[0] != ".")
    return sorted(found, key=lambda p: natural_key(p.name))


def read_rgb(file: Path) -> NDArray[np.uint8]:
    """An image file as colour (h, w, 3).

    Raises:
        BadInputError: when it cannot be read, or is too large.
    """
    with open_image(file) as image:
        return as_rgb(image, str(file))


def stack_images(files: list[Path], read: Callable[[Path], NDArray[Any]]) -> NDArray[Any]:
    """Images of one size, (n, h, w[, 3]).

    Args:
        files: at least one.
        read: answers a file's pixels, (h, w[, 3]).

    Raises:
        BadInputError: when one cannot be read, is too large, or differs in size or kind.
    """
    stack: NDArray[Any] | None = None
    for i, file in enumerate(files):
        array = read(file)
        if stack is None:
            check_total(len(files), array.shape[:2], str(file.parent))
            stack = empty((len(files), *array.shape), array.dtype)
        if array.shape != stack.shape[1:]:
            raise BadInputError(
                f"{file} is {_size(array[None])} but {files[0].name} is {_size(stack)}; "
                "all images of a folder must have one size"
            )
        if array.dtype != stack.dtype:
            raise BadInputError(
                f"{file} holds {array.dtype} but {files[0].name} {stack.dtype}; all images of a "
                "folder must be of one kind"
            )
        stack[i] = array
        let_go(stack)
    assert stack is not None
    return stack


@contextmanager
def open_image(file: Path) -> Generator[Image.Image]:
    """The decoded image, upright as its EXIF data says.

    Raises:
        BadInputError: when it cannot be read, or has too many pixels.
    """
    register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                w, h = opened.size
                if w * h > MAX_IMAGE_PIXELS:
                    raise Image.DecompressionBombError(f"{w}x{h}")
                opened.load()
                ImageOps.exif_transpose(opened, in_place=True)
    except Image.DecompressionBombError as error:
        raise BadInputError(
            f"{file} is too large ({error}); images of up to {MAX_IMAGE_PIXELS / 1e6:.0f} "
            "megapixels are read. Scale it down, or leave it out if it is a panorama."
        ) from error
    except FileNotFoundError as error:
        raise BadInputError(f"{file} is missing") from error
    except UnidentifiedImageError as error:
        raise BadInputError(f"{file} is no image that we can read") from error
    except Exception as error:
        raise BadInputError(f"{file} cannot be read as an image: {error!r}") from error
    yield opened


def as_rgb(image: Image.Image, file: str) -> NDArray[np.uint8]:
    """8-bit colour (h, w, 3); Pillow alone would clip 16-bit grey to white.

    Raises:
        BadInputError: with ``file``, for values that cannot be brought to 8 bits.
    """
    if image.mode == "F":
        raise BadInputError(f"{file} holds floating-point values. Save it with 8 bits a channel.")
    is_deep = image.mode.startswith("I")
    divisor = _grey_divisor(np.asarray(image), file) if is_deep else 1
    width, height = image.size
    rgb, rows = np.empty((height, width, 3), np.uint8), max(1, STRIP_PIXELS // width)
    # A whole image, and each copy that Pillow makes, takes four bytes a pixel.
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        if is_deep:
            rgb[top : top + rows] = np.rint(np.asarray(strip) / divisor)[..., None]
        else:
            rgb[top : top + rows] = np.asarray(strip.convert("RGB"))
    return rgb


def _grey_divisor(grey: NDArray[Any], file: str) -> int:
    """By what 16-bit grey (h, w) is divided; Pillow may hold it in more bits.

    Raises:
        BadInputError: for values of more bits, or of fewer that are no 8.
    """
    least, most = int(grey.min(initial=0)), int(grey.max(initial=0))
    if most > 65535 or least < 0:
        raise BadInputError(f"{file} holds values beyond 16 bits. Save it with 8 bits a channel.")
    if 255 < most < 16384:
        raise BadInputError(
            f"{file} is 16-bit grey that uses only values up to {most}: it would be nearly black. "
            "Save it with 8 bits a channel."
        )
    return 1 if most <= 255 else 257


def check_pixels(height: int, width: int, source: str) -> None:
    """Refuse an image by the size that it says to have, before memory is asked for it.

    Raises:
        BadInputError: with ``source``.
    """
    if not 0 < height * width <= MAX_IMAGE_PIXELS:
        raise BadInputError(
            f"{source}: a frame says that it is {width}x{height}; 1 to "
            f"{MAX_IMAGE_PIXELS / 1e6:.0f} million pixels are read"
        )


def check_encoded(data: bytes, source: str) -> None:
    """Refuse an encoded image (PNG, JPEG, …) by its header, before it is decoded.

    Raises:
        BadInputError: with ``source``, when it is too large or no image.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
    except Image.DecompressionBombError as error:
        raise BadInputError(f"{source}: a frame is too large ({error})") from error
    except UnidentifiedImageError as error:
        raise BadInputError(f"{source}: a frame cannot be decoded, it is no image") from error
    check_pixels(height, width, source)
    if data.startswith(PNG_SIGNATURE):
        _check_chunks(data, source)


def _check_chunks(data: bytes, source: str) -> None:
    """Refuse a PNG whose parts claim to be longer than the file: OpenCV makes room for them."""
    at, kind = len(PNG_SIGNATURE), b""
    while kind != b"IEND" and at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length  # Length, kind and checksum beside what is in it.
        if at > len(data):
            raise BadInputError(f"{source}: a frame cannot be decoded, its PNG is cut off")


def check_total(count: int, image_hw: tuple[int, ...], source: str) -> None:
    """Refuse a film or folder with more pixels in all than are read.

    Raises:
        BadInputError: with ``source``.
    """
    h, w = image_hw
    if count * h * w > MAX_STACK_PIXELS:
        raise BadInputError(
            f"{source}: {count} images of {w}x{h} are {count * h * w / 1e6:.0f} megapixels, more "
            f"than {MAX_STACK_PIXELS / 1e6:.0f}. Bring fewer, or scale them down."
        )


@cache
def register_heif() -> None:
    """Let Pillow open HEIC, HEIF and AVIF files."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def _size(stack: NDArray[Any]) -> str:
    return f"{stack.shape[2]}x{stack.shape[1]}"
