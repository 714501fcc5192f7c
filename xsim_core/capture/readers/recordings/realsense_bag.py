"""librealsense's ROS 1 bags (before 2.58), through rosbags."""

import struct
from pathlib import Path

import numpy as np

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError

from .realsense_files import COPY_AGAIN, apart
from .ros_image import raw_image
from .streams import Streams


def read_bag(path: Path) -> Streams:
    """Every frame of a librealsense (< 2.58) ROS 1 bag.

    Raises:
        BadInputError: when it is damaged.
        UnreadableDirectlyError: when only librealsense can read it.
    """
    from rosbags.rosbag1 import Reader

    streams = Streams()
    with reading(path, COPY_AGAIN), Reader(path) as bag:
        for connection, _, raw in bag.messages():
            topic = connection.topic
            is_depth = "/Depth_0/" in topic
            if not is_depth and "/Color_0/" not in topic:
                continue
            if topic.endswith("/image/data"):
                _keep_ros1_image(bytes(raw), streams, f"{path}: {topic}", is_depth=is_depth)
            elif topic.endswith("camera_info"):
                camera = _camera_from_ros1(bytes(raw), f"{path}: {topic}")
                if is_depth:
                    streams.depth_camera = camera
                else:
                    streams.colour_camera = camera
    depth, colour = streams.depth_camera, streams.colour_camera
    if not (streams.depth and streams.colour) or depth is None or colour is None:
        return streams  # Pairing refuses the recording and says what it lacks.
    if not np.allclose(depth.K, colour.K, atol=1e-3):
        raise apart(path)
    return streams


def _ros1_string(raw: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", raw, at)
    return raw[at + 4 : at + 4 + length].decode(), at + 4 + length


def _keep_ros1_image(raw: bytes, streams: Streams, where: str, *, is_depth: bool) -> None:
    """A sensor_msgs/Image, to which librealsense appends four bytes of depth units."""
    _, seconds, nanoseconds = struct.unpack_from("<III", raw, 0)
    stamp_s = seconds + nanoseconds * 1e-9
    _, at = _ros1_string(raw, 12)
    height, width = struct.unpack_from("<II", raw, at)
    encoding, at = _ros1_string(raw, at + 8)
    is_bigendian, step, size = struct.unpack_from("<BII", raw, at)
    pixels = raw[at + 9 : at + 9 + size]
    image = raw_image(pixels, height, width, step, encoding, where, is_bigendian=bool(is_bigendian))
    if is_depth != (image.ndim == 2):
        raise BadInputError(f"{where}: '{encoding}' is no {'depth' if is_depth else 'colour'}")
    streams.keep(stamp_s, image, where, is_depth=is_depth)
    tail = raw[at + 9 + size :]
    if is_depth and len(tail) == 4:
        unit_m = round(float(struct.unpack("<f", tail)[0]), 9)
        streams.depth_unit = DepthUnit(unit_m, "recorded")


def _camera_from_ros1(raw: bytes, where: str) -> Intrinsics:
    """A sensor_msgs/CameraInfo: header, height, width, model, D[], then K."""
    _, at = _ros1_string(raw, 12)
    height, width = struct.unpack_from("<II", raw, at)
    model, at = _ros1_string(raw, at + 8)
    (num,) = struct.unpack_from("<I", raw, at)
    coefficients = struct.unpack_from(f"<{min(num, 64)}d", raw, at + 4)
    K = matrix_of(struct.unpack_from("<9d", raw, at + 4 + 8 * num), where, [])
    return Intrinsics(K, (width, height), Lens.of(model, coefficients, where))
