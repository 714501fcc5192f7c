"""Pixels as ROS and librealsense write them: raw rows with a step, PNG and JPEG messages."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import PNG_SIGNATURE, check_encoded, check_pixels
from xsim_core.errors import BadInputError

COLOUR_BYTES = {
    "rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1, "yuyv": 2, "yuyv8": 2, "yuy2": 2,
    "yuv422_yuy2": 2,
}  # fmt: skip
DEPTH_TYPES = {"16uc1": "u2", "mono16": "u2", "z16": "u2", "32fc1": "f4"}


def raw_image(
    data: Any,
    height: int,
    width: int,
    step: int,
    encoding: str,
    source: str,
    *,
    is_bigendian: bool = False,
) -> NDArray[Any]:
    """The pixels (h, w[, c]) of a ``sensor_msgs/Image``, without the padding of its rows.

    Raises:
        BadInputError: when the encoding is not known, or the size is not height × step.
    """
    name = encoding.lower()
    dtype = np.dtype(DEPTH_TYPES.get(name, "u1"))
    row = COLOUR_BYTES.get(name, dtype.itemsize) * width
    if name not in COLOUR_BYTES and name not in DEPTH_TYPES:
        raise BadInputError(
            f"{source}: encoding '{encoding}' is not read "
            f"({', '.join([*COLOUR_BYTES, *DEPTH_TYPES])} are)"
        )
    check_pixels(height, width, source)
    buffer = np.frombuffer(data, np.uint8)
    if step < row or len(buffer) != height * step:
        raise BadInputError(
            f"{source}: an image of {width}x{height} {encoding} with rows of {step} bytes cannot "
            f"have {len(buffer)} bytes"
        )
    rows = np.ascontiguousarray(buffer.reshape(height, step)[:, :row])
    if name in DEPTH_TYPES:
        order = ">" if is_bigendian else "<"
        return rows.view(dtype.newbyteorder(order)).astype(dtype, copy=False)
    return to_rgb(rows.reshape(height, width, -1), encoding)


def compressed_image(data: Any, form: str, source: str, *, is_depth: bool) -> NDArray[Any]:
    """The pixels of a ``sensor_msgs/CompressedImage``: RGB (h, w, 3), or depth (h, w).

    Depth of floats that image_transport has quantised comes back in metres.

    Raises:
        BadInputError: when it cannot be decoded, or depth was squeezed into 8 bits.
    """
    import cv2

    raw = bytes(data)
    if is_depth and "compresseddepth rvl" in form.lower():
        return _metres(_unpacked_rvl(raw[12:], source), form, raw)
    # image_transport puts 12 bytes before a depth PNG: a format and two quantisation parameters.
    has_header = is_depth and not raw.startswith(PNG_SIGNATURE) and raw[12:20] == PNG_SIGNATURE
    body = raw[12:] if has_header else raw
    check_encoded(body, source)
    flag = cv2.IMREAD_UNCHANGED if is_depth else cv2.IMREAD_COLOR
    image = cv2.imdecode(np.frombuffer(body, np.uint8), flag)
    if image is None:
        raise BadInputError(f"{source}: an image ('{form}') cannot be decoded")
    pixels = np.asarray(image)
    if not is_depth:
        return np.ascontiguousarray(pixels[..., ::-1], dtype=np.uint8)
    if pixels.ndim != 2 or pixels.dtype != np.uint16:
        raise BadInputError(
            f"{source}: depth as '{form}' decodes to {pixels.dtype} {pixels.shape}, which has lost "
            "the millimetres. Record the raw or the compressedDepth topic."
        )
    return _metres(pixels, form, raw) if has_header else pixels


def _metres(pixels: NDArray[Any], form: str, raw: bytes) -> NDArray[Any]:
    """Depth of floats (h, w) from what image_transport made of it; integers as they are."""
    if not form.lower().startswith("32fc1"):
        return pixels
    a, b = struct.unpack("<ff", raw[4:12])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(pixels > 0, a / (pixels.astype(np.float32) - b), 0).astype(np.float32)


def _unpacked_rvl(data: bytes, source: str) -> NDArray[np.uint16]:
    """Depth (h, w) by RVL (Wilson, "Fast Lossless Depth Image Compression", 2017).

    Width and height, then runs: a number of zeros, of measurements, and of these the differences.
    A number is in nibbles of three bits, the lowest first, the fourth bit says that more follow.

    Raises:
        BadInputError: with ``source``, when it ends before its pixels do.
    """
    width, height = struct.unpack("<II", data[:8]) if len(data) >= 8 else (0, 0)
    check_pixels(height, width, source)
    words = np.frombuffer(data, "<u4", (len(data) - 8) // 4, 8)
    nibbles = ((words[:, None] >> np.arange(28, -1, -4)) & 15).ravel().astype(np.int64)
    ends = np.flatnonzero(nibbles < 8) + 1
    starts = np.r_[0, ends][:-1]
    nibbles = nibbles[: ends[-1]] if len(ends) else nibbles[:0]
    places = np.arange(len(nibbles)) - np.repeat(starts, ends - starts)
    bits = (nibbles & 7) << np.minimum(3 * places, 60)
    numbers = np.add.reduceat(bits, starts) if len(starts) else bits
    return _measured(numbers, height * width, source).reshape(height, width)


def _measured(numbers: NDArray[np.int64], count: int, source: str) -> NDArray[np.uint16]:
    """The pixels (count,) of RVL's runs."""
    pixels, steps = np.zeros(count, np.uint16), (numbers >> 1) ^ -(numbers & 1)
    at = i = last = 0
    while at < count and i + 1 < len(numbers):
        zeros, measured = int(numbers[i]), int(numbers[i + 1])
        at, i = at + zeros, i + 2
        if at + measured > count or i + measured > len(numbers) or zeros + measured == 0:
            break
        run = last + np.cumsum(steps[i : i + measured])
        pixels[at : at + measured] = run & 0xFFFF
        last = int(run[-1]) if measured else last
        at, i = at + measured, i + measured
    if at != count:
        raise BadInputError(f"{source}: an image packed by RVL is damaged: {at} of {count} pixels")
    return pixels


def to_rgb(data: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """An RGB image from one of the colour formats of librealsense and ROS.

    Raises:
        BadInputError: for formats we do not know.
    """
    import cv2

    match encoding.lower():
        case "rgb8":
            return data
        case "bgr8":
            return np.ascontiguousarray(data[..., ::-1])
        case "rgba8":
            return np.ascontiguousarray(data[..., :3])
        case "bgra8":
            return np.ascontiguousarray(data[..., 2::-1])
        case "mono8":
            return np.repeat(data.reshape(*data.shape[:2], 1), 3, axis=2)
        case "yuyv" | "yuyv8" | "yuy2" | "yuv422_yuy2":
            yuyv = data.view(np.uint8).reshape(*data.shape[:2], 2)
            return np.asarray(cv2.cvtColor(yuyv, cv2.COLOR_YUV2RGB_YUYV), dtype=np.uint8)
        case other:
            raise BadInputError(
                f"colour format '{other}' is not supported ({', '.join(COLOUR_BYTES)} are)"
            )
