"""Depth as folders keep it: 16-bit images, PGM with its own range, arrays of floats."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import check_pixels, open_image, stack_images
from xsim_core.errors import BadInputError
from xsim_core.files.windows import windows

from .names import DEPTH_FOLDER


def stack_depth(files: list[Path], folder: Path) -> NDArray[Any]:
    """The images (t, h, w), uint16 or floats, in the unit that they were written in.

    Raises:
        BadInputError: when one cannot be read, or holds no depth.
    """
    stored = stack_images(files, _read_plain_depth)
    if stored.ndim != 3 or stored.dtype not in (np.uint16, np.float32, np.float64):
        kind = "a colour picture" if stored.ndim == 4 else str(stored.dtype)
        raise BadInputError(
            f"{folder}/{DEPTH_FOLDER} must be 16-bit images in mm or floats in metres, not {kind}: "
            "a picture of depth for people is no depth"
        )
    return stored


def _read_plain_depth(file: Path) -> NDArray[Any]:
    """The numbers (h, w) in this machine's byte order, 16 bits wide where they fit."""
    image = _read_depth(file)
    if image.dtype == np.int32 and image.min(initial=0) >= 0 and image.max(initial=0) <= 65535:
        return image.astype(np.uint16)  # Pillow widens some 16-bit PNGs.
    return image.astype(image.dtype.newbyteorder("="), copy=False)


def _read_depth(file: Path) -> NDArray[Any]:
    """The numbers (h, w) of one depth image as they were written."""
    match file.suffix.lower():
        case ".npy":
            return _load_npy(file)
        case ".pgm":
            # Pillow spreads a file's own range, 0 to MAXVAL, over 16 bits.
            with open_image(file) as image:
                spread = np.asarray(image)
            largest = _pgm_maxval(file)
            is_spread = spread.dtype == np.int32 and largest != 65535
            return np.rint(spread * (largest / 65535)).astype(np.int32) if is_spread else spread
        case _:
            with open_image(file) as image:
                return np.asarray(image)


def _pgm_maxval(file: Path) -> int:
    """The largest value that a PGM file's header allows (Netpbm's pgm(5))."""
    with file.open("rb") as content:
        head = re.sub(rb"#[^\r\n]*", b"", content.read(4096))
    match = re.match(rb"P[25]\s+\d+\s+\d+\s+(\d+)\s", head)
    if match is None:
        raise BadInputError(f"{file}: its header does not tell the range of its values")
    return int(match.group(1))


def _load_npy(file: Path) -> NDArray[Any]:
    try:
        array = np.asarray(np.load(file, allow_pickle=False, mmap_mode="r"))
    except Exception as error:
        raise BadInputError(f"{file} cannot be read as an array: {error!r}") from error
    if array.ndim not in (2, 3):
        raise BadInputError(f"{file} is an array of shape {array.shape}, no depth image (h, w)")
    height, width = array.shape[:2]
    check_pixels(height, width, str(file))
    return array


def are_mostly_large(stored: NDArray[Any], limit: float = 50.0) -> bool:
    """Whether most measurements (t, h, w) are at or above a limit."""
    num_small = num_large = 0
    for part in windows(stored, 1):
        valid = stored[part][np.isfinite(stored[part]) & (stored[part] > 0)]
        num_small += int((valid < limit).sum())
        num_large += int((valid >= limit).sum())
    return num_large > num_small
