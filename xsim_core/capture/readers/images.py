"""Image files from outside, with their size known before memory is asked for."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from xsim_core.errors import BadInputError

COLOUR_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".heic", ".heif", ".avif", ".webp", ".tif", ".tiff", ".bmp", ".ppm",
    ".pgm",
)  # fmt: skip
MAX_IMAGE_PIXELS = 100_000_000
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


def stack_images(files: list[Path], mode: str | None) -> NDArray[Any]:
    """Images of one size, (n, h, w[, 3]).

    Args:
        files: at least one.
        mode: Pillow's mode to convert to; None keeps each file's own.

    Raises:
        BadInputError: when one cannot be read, is too large, or differs in size.
    """
    stack: NDArray[Any] | None = None
    for i, file in enumerate(files):
        with open_image(file) as image:
            array = np.asarray(as_rgb(image, str(file)) if mode == "RGB" else image)
        if stack is None:
            _check_total(len(files), array, file.parent)
            stack = np.empty((len(files), *array.shape), array.dtype)
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
    assert stack is not None
    return stack


@contextmanager
def open_image(file: Path) -> Iterator[Image.Image]:
    """The decoded image, upright as its EXIF data says.

    Raises:
        BadInputError: when it cannot be read, or has too many pixels.
    """
    _register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                w, h = opened.size
                if w * h > MAX_IMAGE_PIXELS:
                    raise Image.DecompressionBombError(f"{w}x{h}")
                image = ImageOps.exif_transpose(opened)
                image.load()
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
    yield image


def as_rgb(image: Image.Image, file: str) -> Image.Image:
    """8-bit colour; Pillow alone would clip 16-bit grey to white.

    Raises:
        BadInputError: with ``file``, for values that cannot be brought to 8 bits.
    """
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.int64)
        if grey.max(initial=0) > 65535 or grey.min(initial=0) < 0:
            raise BadInputError(
                f"{file} holds values beyond 16 bits. Save it with 8 bits a channel."
            )
        if 255 < grey.max(initial=0) < 16384:
            raise BadInputError(
                f"{file} is 16-bit grey that uses only values up to {grey.max()}: it would be "
                "nearly black. Save it with 8 bits a channel."
            )
        eight = grey if grey.max(initial=0) <= 255 else np.rint(grey / 257)
        return Image.fromarray(eight.astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise BadInputError(f"{file} holds floating-point values. Save it with 8 bits a channel.")
    return image.convert("RGB")


def _check_total(count: int, first: NDArray[Any], folder: Path) -> None:
    pixels = count * first.shape[0] * first.shape[1]
    if pixels > MAX_STACK_PIXELS:
        raise BadInputError(
            f"{folder} holds {count} images of {_size(first[None])}: {pixels / 1e6:.0f} "
            f"megapixels, more than {MAX_STACK_PIXELS / 1e6:.0f}. Bring fewer, or scale them down."
        )


@cache
def _register_heif() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def _size(stack: NDArray[Any]) -> str:
    return f"{stack.shape[2]}x{stack.shape[1]}"
