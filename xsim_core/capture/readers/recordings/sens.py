"""ScanNet's ``.sens``: colour and depth of two cameras, and the scanner's own path.

Written from ScanNet's ``SensReader`` (README, ``sensorData.h`` and ``python/SensorData.py``):
little-endian; version 4, the sensor's name, four 4x4 float32 by rows (intrinsics and extrinsics of
colour, then of depth), two compressions, the two sizes, depth's steps a metre, and frame by frame
camera to world, two times in microseconds, two lengths, colour (JPEG) and depth (zlib of uint16).
A frame that its tracker lost has a pose of infinities.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import check_pixels
from xsim_core.capture.readers.intrinsics import Intrinsics
from xsim_core.errors import BadInputError

from .ros_image import compressed_image, raw_image
from .streams import Streams

ACCEPTS = (
    "ScanNet's .sens, version 4: JPEG, PNG or raw colour, depth of another size packed by zlib or "
    "raw, the scanner's own path (`camera_path`)"
)
SUFFIX = ".sens"
MEND = "Copy the recording again, whole."
VERSION = 4
COLOUR = {0: "raw", 1: "png", 2: "jpeg"}
DEPTH = {0: "raw", 1: "zlib"}
"""2 is the Occipital sensor's own packing, of which nothing public tells."""
MAX_NAME_BYTES, MAX_FRAME_BYTES = 4096, 256 << 20
ASSUMED_FPS = 30.0
_HEAD = struct.Struct("<2i4IfQ")
_FRAME = struct.Struct("<16f4Q")


@dataclass(frozen=True)
class _About:
    """The header."""

    K_colour: NDArray[np.float64]
    """(3, 3), as is the next."""
    K_depth: NDArray[np.float64]
    colour: str
    depth: str
    colour_wh: tuple[int, int]
    depth_wh: tuple[int, int]
    steps_a_metre: float
    num_frames: int


def read_sens(path: Path, notes: list[str]) -> Streams:
    """Every frame, colour and depth as recorded.

    Args:
        path: the ``.sens``.
        notes: receives that depth is of another size, and that times are assumed.

    Raises:
        BadInputError: when it is damaged, of another version, packed in a way that is not read, or
            its two cameras stand at two places.
    """
    streams = Streams()
    with reading(path, MEND), path.open("rb") as file:
        about = _about(file, path)
        times_us = _times(path)
        if is_clock := len(times_us) > 1 and bool((np.diff(times_us) > 0).all()):
            stamps_s = (times_us - times_us[0]) / 1e6
        else:
            stamps_s = np.arange(len(times_us)) / ASSUMED_FPS
        for i, (_, _, colour, depth) in enumerate(_frames(file, about, path, skip=False)):
            where = f"{path}: frame {i}"
            streams.keep(stamps_s[i], _colour(colour, about, where), where, is_depth=False)
            streams.keep(stamps_s[i], _depth(depth, about, where), where, is_depth=True)
    if not is_clock:
        notes.append(
            f"{path.name}: its frames' times do not rise, {ASSUMED_FPS:g} a second are assumed"
        )
    if about.colour_wh != about.depth_wh:
        (w, h), (dw, dh) = about.colour_wh, about.depth_wh
        notes.append(f"{path.name}: depth is {dw}x{dh}: brought into the colour camera, {w}x{h}")
    streams.colour_camera = Intrinsics(about.K_colour, about.colour_wh)
    streams.depth_camera = Intrinsics(about.K_depth, about.depth_wh)
    streams.depth_unit = DepthUnit(1 / about.steps_a_metre, "recorded")
    return streams


def recorded_poses(path: Path) -> NDArray[np.float64]:
    """Camera to world (n, 4, 4) of each frame; not finite where the tracker was lost.

    Raises:
        BadInputError: when the file is damaged.
    """
    with reading(path, MEND), path.open("rb") as file:
        about = _about(file, path)
        poses = [T for T, *_ in _frames(file, about, path, skip=True)]
    return np.array(poses, np.float64).reshape(-1, 4, 4)


def _times(path: Path) -> NDArray[np.float64]:
    """Colour's times (n,) in microseconds."""
    with path.open("rb") as file:
        about = _about(file, path)
        return np.array([t for _, t, *_ in _frames(file, about, path, skip=True)], np.float64)


def _about(file: BinaryIO, path: Path) -> _About:
    (version,) = struct.unpack("<I", _exactly(file, 4, path))
    if version != VERSION:
        raise BadInputError(
            f"{path} is no .sens of version {VERSION}: it begins with {version}. {MEND}"
        )
    (length,) = struct.unpack("<Q", _exactly(file, 8, path))
    if length > MAX_NAME_BYTES:
        raise BadInputError(f"{path} says that its sensor's name has {length} bytes. {MEND}")
    _exactly(file, length, path)
    matrices = np.frombuffer(_exactly(file, 4 * 64, path), "<f4").reshape(4, 4, 4)
    matrices = matrices.astype(np.float64)
    colour, depth, cw, ch, dw, dh, steps, count = _HEAD.unpack(_exactly(file, _HEAD.size, path))
    if colour not in COLOUR or depth not in DEPTH:
        raise BadInputError(
            f"{path}: colour is packed as {colour} and depth as {depth}; read are "
            f"{_listed(COLOUR)} and {_listed(DEPTH)}. Export it with SensReader as a folder."
        )
    for w, h in ((cw, ch), (dw, dh)):
        check_pixels(h, w, str(path))
    if not 1e-3 < steps < 1e7:
        raise BadInputError(f"{path}: depth has {steps:g} steps a metre, which cannot be. {MEND}")
    if not np.allclose(matrices[1], matrices[3], atol=1e-5):
        apart_m = np.linalg.norm(matrices[1, :3, 3] - matrices[3, :3, 3])
        raise BadInputError(
            f"{path}: the extrinsics of colour and depth differ (by {apart_m:.4g} m), and the "
            "format does not say which way they map. Export it with SensReader as a folder, and "
            "lay depth_to_color.txt beside its intrinsics."
        )
    K_colour, K_depth = matrices[0, :3, :3], matrices[2, :3, :3]
    return _About(K_colour, K_depth, COLOUR[colour], DEPTH[depth], (cw, ch), (dw, dh), steps, count)


def _frames(
    file: BinaryIO, about: _About, path: Path, *, skip: bool
) -> Iterator[tuple[NDArray[np.float64], int, bytes, bytes]]:
    """Pose (4, 4), time, colour and depth as packed; empty where their bytes are skipped."""
    for i in range(about.num_frames):
        *pose, time_us, _, num_colour, num_depth = _FRAME.unpack(_exactly(file, _FRAME.size, path))
        for size in (num_colour, num_depth):
            if size > MAX_FRAME_BYTES:
                raise BadInputError(f"{path}: frame {i} says that it has {size} bytes. {MEND}")
        colour = depth = b""
        if skip:
            file.seek(num_colour + num_depth, 1)
        else:
            colour, depth = _exactly(file, num_colour, path), _exactly(file, num_depth, path)
        yield np.array(pose).reshape(4, 4), time_us, colour, depth


def _exactly(file: BinaryIO, count: int, path: Path) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise BadInputError(f"{path} ends before its last frame does. {MEND}")
    return data


def _colour(packed: bytes, about: _About, where: str) -> NDArray[Any]:
    w, h = about.colour_wh
    if about.colour == "raw":
        return raw_image(packed, h, w, 3 * w, "rgb8", where)
    image = compressed_image(packed, about.colour, where, is_depth=False)
    if image.shape[:2] != (h, w):
        raise BadInputError(
            f"{where}: colour is {image.shape[1]}x{image.shape[0]}, the header says {w}x{h}. {MEND}"
        )
    return image


def _depth(packed: bytes, about: _About, where: str) -> NDArray[np.uint16]:
    w, h = about.depth_wh
    if about.depth == "zlib":
        packed = zlib.decompressobj().decompress(packed, 2 * w * h + 1)
    if len(packed) != 2 * w * h:
        raise BadInputError(
            f"{where}: depth holds {len(packed)} bytes, {w}x{h} are {2 * w * h}. {MEND}"
        )
    return np.frombuffer(packed, "<u2").reshape(h, w).astype(np.uint16)


def _listed(known: dict[int, str]) -> str:
    return ", ".join(f"{number} ({name})" for number, name in known.items())
