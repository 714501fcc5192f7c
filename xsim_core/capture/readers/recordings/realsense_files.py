"""RealSense recordings read directly: .db3 through SQLite here, .bag in ``realsense_bag``.

librealsense keeps both losslessly (PNG; raw), so this gives the same bytes as its own playback,
whose threads sometimes stall (librealsense #7932, #10312).
"""

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import UnreadableDirectlyError, reading
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3

from .ros_image import compressed_image
from .streams import Streams

ACCEPTS = "librealsense's recordings: .db3 (2.58 and later) and .bag (before)"
COPY_AGAIN = (
    "Copy it again from the camera's computer, and stop the recorder before copying; else record "
    "again."
)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def check_recording(path: Path) -> None:
    """Refuse files that are missing, empty, damaged or no recordings, before anything reads them.

    Raises:
        BadInputError: with what is wrong.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist. Set 'video' in capture.yaml to the recording.")
    with path.open("rb") as file:
        head = file.read(16)
    if path.suffix == ".mcap":
        if not head.startswith(b"\x89MCAP0\r\n"):
            raise BadInputError(f"{path} is not an MCAP file (its first bytes are {head[:8]!r})")
        return
    if path.suffix == ".bag":
        if not head.startswith(b"#ROSBAG V2.0"):
            raise BadInputError(f"{path} is not a ROS 1 bag (its first bytes are {head[:12]!r})")
        return
    if not head.startswith(b"SQLite format 3\x00"):
        raise BadInputError(f"{path} is not an SQLite recording (it begins with {head[:12]!r})")
    with reading(path, COPY_AGAIN), closing(_open_db(path)) as db:
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        (count,) = db.execute("SELECT count(*) FROM messages").fetchone()
    if verdict != "ok":
        raise BadInputError(
            f"{path} is damaged or truncated (SQLite says: {' '.join(str(verdict).split())})"
        )
    if count == 0:
        raise BadInputError(f"{path} holds no messages: was the recorder stopped at once?")


def is_realsense(path: Path) -> bool:
    """Whether librealsense wrote this .db3 or .bag; a ROS node's has other topics.

    Raises:
        BadInputError: when it is damaged.
    """
    with reading(path, COPY_AGAIN):
        if path.suffix == ".db3":
            with closing(_open_db(path)) as db:
                names = [name for (name,) in db.execute("SELECT name FROM topics")]
        else:
            from rosbags.rosbag1 import Reader

            with Reader(path) as bag:
                names = [connection.topic for connection in bag.connections]
        return any(str(name).startswith("/device_") for name in names)


def read_db3(path: Path) -> Streams:
    """Every frame of a librealsense (>= 2.58) recording: PNGs within rosbag2 messages.

    Raises:
        BadInputError: when it is damaged.
        UnreadableDirectlyError: when only librealsense can read it.
    """
    streams = Streams()
    with reading(path, COPY_AGAIN), closing(_open_db(path)) as db:
        topics = dict(db.execute("SELECT name, id FROM topics"))
        depth, colour = _stream_topic(topics, "Depth"), _stream_topic(topics, "Color")
        if depth:
            streams.depth_camera = _camera(db, topics, depth)
            unit = f"{depth.rsplit('/', 1)[0]}/option/Depth_Units/value"
            if unit in topics:
                streams.depth_unit = DepthUnit(_unit_m(_text(db, topics, unit)), "recorded")
            for i, (data, said) in enumerate(_png_frames(db, topics, depth)):
                where = f"{path}: {depth}, frame {i}"
                image = compressed_image(data, "16UC1; png", where, is_depth=True)
                streams.keep(_stamp_s(said, where), image, where, is_depth=True)
                if match := re.search(r"(?:^|;)depth_units=([0-9.eE+-]+)", said):
                    # A frame knows its unit even where the option is missing.
                    streams.depth_unit = DepthUnit(_unit_m(match.group(1)), "recorded")
        if colour:
            streams.colour_camera = _camera(db, topics, colour)
            for i, (data, said) in enumerate(_png_frames(db, topics, colour)):
                where = f"{path}: {colour}, frame {i}"
                image = compressed_image(data, "rgb8; png", where, is_depth=False)
                streams.keep(_stamp_s(said, where), image, where, is_depth=False)
        if depth and colour:
            first, second = (_tf(_text(db, topics, _tf_topic(topics, s))) for s in (depth, colour))
            if not np.allclose(first, second, atol=1e-6):
                raise apart(path)
    return streams


def _open_db(path: Path) -> sqlite3.Connection:
    # immutable: never makes journals beside somebody's recording, even on read-only media.
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _stream_topic(topics: dict[str, int], stream: str) -> str | None:
    pattern = re.compile(rf"(/device_\d+/sensor_\d+/{stream}_0)/")
    return next((m.group(1) for name in sorted(topics) if (m := pattern.match(name))), None)


def _messages(db: sqlite3.Connection, topic_id: int) -> Iterator[tuple[int, bytes]]:
    """(time of receipt, content)."""
    query = "SELECT timestamp, data FROM messages WHERE topic_id = ? ORDER BY id"
    for row in db.execute(query, (topic_id,)):  # noqa: UP028 "yield from" would close it too late
        yield row


def _text(db: sqlite3.Connection, topics: dict[str, int], topic: str) -> str:
    """The string of the first message of a topic: CDR header (4 bytes), length, bytes, NUL."""
    first = next(_messages(db, topics[topic]), None) if topic in topics else None
    if first is None:
        raise BadInputError(f"the recording holds nothing on topic {topic}. {COPY_AGAIN}")
    return _cdr_string(first[1])


def _cdr_string(data: bytes) -> str:
    (length,) = struct.unpack_from("<I", data, 4)
    return data[8 : 8 + length - 1].decode()


def _png_frames(
    db: sqlite3.Connection, topics: dict[str, int], stream: str
) -> Iterator[tuple[bytes, str]]:
    """Each frame's PNG and what its metadata say."""
    prefix = f"{stream}/image"
    data_topic = next((n for n in sorted(topics) if n.startswith(f"{prefix}/data")), None)
    if data_topic is None or f"{prefix}/metadata" not in topics:
        return  # Pairing says that the stream has no frames.
    said = [(t, _cdr_string(data)) for t, data in _messages(db, topics[f"{prefix}/metadata"])]
    (count,) = db.execute(
        "SELECT count(*) FROM messages WHERE topic_id = ?", (topics[data_topic],)
    ).fetchone()
    by_time = dict(said)
    for i, (t, data) in enumerate(_messages(db, topics[data_topic])):
        start = data.find(PNG_SIGNATURE)
        if start < 0:
            raise UnreadableDirectlyError(f"{data_topic}: a frame is not a PNG")
        # Where one of both was lost, counting would give every later frame another's time.
        metadata = said[i][1] if count == len(said) else by_time.get(t)
        if metadata is not None:
            yield data[start:], metadata


def _stamp_s(said: str, where: str) -> float:
    match = re.search(r"(?:^|;)timestamp=([^;]+)", said)
    if match is None:
        raise BadInputError(f"{where}: its metadata tell no timestamp")
    return float(match.group(1)) / 1000


def _unit_m(text: str) -> float:
    return round(float(text), 9)


def _camera(db: sqlite3.Connection, topics: dict[str, int], stream: str) -> Intrinsics:
    topic = f"{stream}/camera_info"
    text = _text(db, topics, topic)
    said = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if missing := [k for k in ("fx", "fy", "ppx", "ppy") if k not in said]:
        raise BadInputError(f"{topic} does not tell {', '.join(missing)}: it reads '{text[:200]}'")
    K = matrix_of([said[k] for k in ("fx", "fy", "ppx", "ppy")], topic, [])
    size = None
    with suppress(KeyError, ValueError):
        size = int(said["width"]), int(said["height"])
    coefficients = [float(x) for x in said.get("coeffs", "0").split(",")]
    return Intrinsics(K, size, Lens.of(said.get("model", "none"), coefficients, topic))


def _tf_topic(topics: dict[str, int], stream: str) -> str:
    return next((n for n in sorted(topics) if n.startswith(f"{stream}/tf/")), f"{stream}/tf")


def _tf(text: str) -> NDArray[np.float64]:
    """A stream's place (4, 4), only to be compared: no convention of its direction is assumed."""
    parts = dict(p.split("=", 1) for p in text.split(";") if "=" in p)
    R = np.array([float(x) for x in parts["rotation"].split(",")]).reshape(3, 3)
    return make_se3(R, [float(x) for x in parts["translation"].split(",")])


def apart(path: Path) -> UnreadableDirectlyError:
    """Only librealsense relates the places of unaligned streams."""
    return UnreadableDirectlyError(f"{path}: depth and colour come from different places")
