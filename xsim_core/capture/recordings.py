"""RealSense recordings read directly: .db3 through SQLite, .bag through rosbags.

librealsense keeps both losslessly (PNG; raw), so this gives the same bytes as its own playback,
whose threads sometimes stall (librealsense #7932, #10312).
"""

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3

from .realsense import to_rgb
from .streams import Streams

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class UnreadableDirectlyError(BadInputError):
    """The recording is sound but needs librealsense: unaligned streams or an unusual encoding."""


_IDENTITY_TF = (np.eye(3), np.zeros(3))


def check_recording(path: Path) -> None:
    """Refuse files that are missing, empty, damaged or no recordings, before anything reads them.

    Raises:
        BadInputError: with what is wrong.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist. Set 'video' in capture.yaml to the recording.")
    with path.open("rb") as file:
        head = file.read(16)
    if path.suffix == ".bag":
        if not head.startswith(b"#ROSBAG V2.0"):
            raise BadInputError(f"{path} is not a ROS 1 bag (its first bytes are {head[:12]!r})")
        return
    if not head.startswith(b"SQLite format 3\x00"):
        raise BadInputError(f"{path} is not an SQLite recording (it begins with {head[:12]!r})")
    try:
        with closing(_open_db(path)) as db:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            (count,) = db.execute("SELECT count(*) FROM messages").fetchone()
    except sqlite3.DatabaseError as error:
        raise BadInputError(
            f"{path} is damaged or truncated ({error}). Copy it again from the camera's computer, "
            "and stop the recorder before copying."
        ) from error
    if verdict != "ok":
        raise BadInputError(f"{path} is damaged or truncated (SQLite says: {verdict})")
    if count == 0:
        raise BadInputError(f"{path} holds no messages: was the recorder stopped at once?")


def read_db3(path: Path) -> Streams:
    """Every frame of a librealsense (>= 2.58) recording: PNGs within rosbag2 messages."""
    import cv2

    streams = Streams()
    with closing(_open_db(path)) as db:
        topics = dict(db.execute("SELECT name, id FROM topics"))
        depth, colour = _stream_topic(topics, "Depth"), _stream_topic(topics, "Color")
        if depth:
            streams.K_depth = _K_from_text(_text(db, topics, f"{depth}/camera_info"))
            unit = f"{depth.rsplit('/', 1)[0]}/option/Depth_Units/value"
            if unit in topics:
                streams.depth_unit_m = round(float(_text(db, topics, unit)), 9)
            for t, data in _png_frames(db, topics, depth):
                image = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), dtype=np.uint16)
                streams.depth.append((t, image))
        if colour:
            streams.K_colour = _K_from_text(_text(db, topics, f"{colour}/camera_info"))
            for t, data in _png_frames(db, topics, colour):
                bgr = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
                streams.colour.append((t, np.ascontiguousarray(bgr[..., ::-1])))
        if depth and colour:
            places = [_tf(_text(db, topics, _tf_topic(topics, s))) for s in (depth, colour)]
            _require_same_place(places, path)
    return streams


def read_bag(path: Path) -> Streams:
    """Every frame of a librealsense (< 2.58) ROS 1 bag."""
    from rosbags.rosbag1 import Reader, ReaderError

    streams = Streams()
    try:
        with Reader(path) as bag:
            for connection, _, raw in bag.messages():
                topic = connection.topic
                is_depth = "/Depth_0/" in topic
                if not is_depth and "/Color_0/" not in topic:
                    continue
                if topic.endswith("/image/data"):
                    _keep_ros1_image(bytes(raw), streams, is_depth=is_depth)
                elif topic.endswith("camera_info"):
                    K = _K_from_ros1(bytes(raw))
                    if is_depth:
                        streams.K_depth = K
                    else:
                        streams.K_colour = K
    except (ReaderError, struct.error, ValueError) as error:
        raise BadInputError(f"{path} is damaged or truncated ({error})") from error
    K_depth, K_colour = streams.K_depth, streams.K_colour
    if not (streams.depth and streams.colour) or K_depth is None or K_colour is None:
        return streams  # Pairing refuses the recording and says what it lacks.
    if not np.allclose(K_depth, K_colour, atol=1e-3):
        _require_same_place([_IDENTITY_TF, None], path)
    return streams


def _open_db(path: Path) -> sqlite3.Connection:
    # immutable: never makes journals beside somebody's recording, even on read-only media.
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _stream_topic(topics: dict[str, int], stream: str) -> str | None:
    pattern = re.compile(rf"(/device_\d+/sensor_\d+/{stream}_0)/")
    return next((m.group(1) for name in sorted(topics) if (m := pattern.match(name))), None)


def _messages(db: sqlite3.Connection, topic_id: int) -> Iterator[bytes]:
    rows = db.execute("SELECT data FROM messages WHERE topic_id = ? ORDER BY id", (topic_id,))
    for (data,) in rows:
        yield data


def _text(db: sqlite3.Connection, topics: dict[str, int], topic: str) -> str:
    """The string of the first message of a topic: CDR header (4 bytes), length, bytes, NUL."""
    if topic not in topics:
        raise BadInputError(f"the recording has no topic {topic}")
    return _cdr_string(next(_messages(db, topics[topic])))


def _cdr_string(data: bytes) -> str:
    (length,) = struct.unpack_from("<I", data, 4)
    return data[8 : 8 + length - 1].decode()


def _png_frames(
    db: sqlite3.Connection, topics: dict[str, int], stream: str
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    prefix = f"{stream}/image"
    data_topic = next(n for n in sorted(topics) if n.startswith(f"{prefix}/data"))
    stamps = _messages(db, topics[f"{prefix}/metadata"])
    for data, metadata in zip(_messages(db, topics[data_topic]), stamps, strict=False):
        start = data.find(PNG_SIGNATURE)
        if start < 0:
            raise UnreadableDirectlyError(f"{data_topic}: a frame is not a PNG")
        match = re.search(r"(?:^|;)timestamp=([0-9.eE+-]+)", _cdr_string(metadata))
        if match is None:
            raise BadInputError(f"{prefix}/metadata tells no timestamp")
        yield float(match.group(1)) / 1000, np.frombuffer(data, np.uint8, offset=start)


def _K_from_text(text: str) -> NDArray[np.float64]:
    v = {k: float(x) for k, x in re.findall(r"\b(fx|fy|ppx|ppy)=([0-9.eE+-]+)", text)}
    return np.array([[v["fx"], 0, v["ppx"]], [0, v["fy"], v["ppy"]], [0, 0, 1.0]])


def _tf_topic(topics: dict[str, int], stream: str) -> str:
    return next((n for n in sorted(topics) if n.startswith(f"{stream}/tf/")), f"{stream}/tf")


def _tf(text: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    parts = dict(p.split("=", 1) for p in text.split(";") if "=" in p)
    R = np.array([float(x) for x in parts["rotation"].split(",")]).reshape(3, 3)
    return R, np.array([float(x) for x in parts["translation"].split(",")])


def _require_same_place(places: list[Any], path: Path) -> None:
    """Only librealsense relates the places of unaligned streams."""
    if None not in places:
        first, second = (make_se3(*p) for p in places)
        if np.allclose(first, second, atol=1e-6):
            return
    raise UnreadableDirectlyError(f"{path}: depth and colour come from different places")


def _ros1_string(raw: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", raw, at)
    return raw[at + 4 : at + 4 + length].decode(), at + 4 + length


def _keep_ros1_image(raw: bytes, streams: Streams, *, is_depth: bool) -> None:
    """A sensor_msgs/Image, to which librealsense appends four bytes of depth units."""
    _, seconds, nanoseconds = struct.unpack_from("<III", raw, 0)
    stamp_s = seconds + nanoseconds * 1e-9
    _, at = _ros1_string(raw, 12)
    height, width = struct.unpack_from("<II", raw, at)
    encoding, at = _ros1_string(raw, at + 8)
    (size,) = struct.unpack_from("<I", raw, at + 5)  # After is_bigendian and step.
    pixels = raw[at + 9 : at + 9 + size]
    if is_depth:
        depth = np.frombuffer(pixels, np.uint16).reshape(height, width)
        streams.depth.append((stamp_s, depth.copy()))
        tail = raw[at + 9 + size :]
        if len(tail) == 4:
            streams.depth_unit_m = round(float(struct.unpack("<f", tail)[0]), 9)
    else:
        colour = np.frombuffer(pixels, np.uint8).reshape(height, width, -1)
        streams.colour.append((stamp_s, to_rgb(colour.copy(), encoding)))


def _K_from_ros1(raw: bytes) -> NDArray[np.float64]:
    """K of a sensor_msgs/CameraInfo: header, height, width, model, D[], then K."""
    _, at = _ros1_string(raw, 12)
    _, at = _ros1_string(raw, at + 8)
    (num_coefficients,) = struct.unpack_from("<I", raw, at)
    values = struct.unpack_from("<9d", raw, at + 4 + 8 * num_coefficients)
    return np.array(values).reshape(3, 3)
