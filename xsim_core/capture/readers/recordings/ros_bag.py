"""ROS 1 and ROS 2 bags as realsense-ros and other camera drivers fill them, through rosbags."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, quat_wxyz_to_matrix

from .ros_image import DEPTH_TYPES, compressed_image, raw_image
from .streams import Streams

ACCEPTS = (
    "ROS 1 .bag, ROS 2 folder, .db3 or .mcap with one camera's colour and depth: "
    "sensor_msgs/Image or CompressedImage (compressed, compressedDepth as PNG or RVL), CameraInfo "
    "beside them; depth aligned to colour (aligned_depth_to_color, depth_registered, "
    "depth_to_rgb), or both cameras in /tf_static"
)
MEND = "Record it again, and stop the recorder before copying."
MAX_ABOUT = 1 << 20
_PACKED = re.compile(r"(?im)^\s*compression_mode:\s*['\"]?(file|message)\b")
_ALIGNED = re.compile(r"aligned_depth_to_(color|rgb)|depth_registered|depth_to_(rgb|color)")
_NOT_COLOUR = re.compile(r"depth|infra|/ir/|/ir_|fisheye|confidence|mask|theora")


@dataclass(frozen=True)
class _Chosen:
    """The topics of one camera."""

    colour: str
    depth: str

    @property
    def is_aligned(self) -> bool:
        return bool(_ALIGNED.search(self.depth))


def read_ros_bag(path: Path, notes: list[str]) -> Streams:
    """Every colour and depth frame of one camera.

    Args:
        path: a ROS 1 ``.bag``, or a ROS 2 folder, ``.db3`` or ``.mcap``.
        notes: receives which topics were taken.

    Raises:
        BadInputError: when it is damaged, or lacks a stream, intrinsics or the cameras' places.
    """
    from rosbags.highlevel import AnyReader
    from rosbags.typesys import Stores, get_typestore

    streams = Streams()
    with (
        reading(path, MEND),
        AnyReader([path], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as bag,
    ):
        images = [c for c in bag.connections if _is_image(c) and c.msgcount > 0]
        chosen = _choose([c.topic for c in images], path)
        notes.append(f"{path.name}: colour from {chosen.colour}, depth from {chosen.depth}")
        frame_ids: dict[str, str] = {}
        wanted = [c for c in images if c.topic in (chosen.colour, chosen.depth)]
        for connection, _, raw in bag.messages(connections=wanted):
            message: Any = bag.deserialize(raw, connection.msgtype)
            where = f"{path}: {connection.topic}"
            is_depth = connection.topic == chosen.depth
            stamp = message.header.stamp
            stamp_s = stamp.sec + stamp.nanosec * 1e-9
            frame_ids[connection.topic] = message.header.frame_id
            image = _pixels(message, connection.msgtype, where, is_depth=is_depth)
            streams.keep(stamp_s, image, where, is_depth=is_depth)
        streams.colour_camera = _camera(bag, chosen.colour, path)
        streams.depth_camera = _camera(bag, chosen.depth, path)
        if chosen.is_aligned:
            streams.depth_camera = streams.depth_camera or streams.colour_camera
        else:
            ends = frame_ids.get(chosen.colour, ""), frame_ids.get(chosen.depth, "")
            streams.T_colour_depth = _placed(bag, *ends, path)
    if streams.depth and streams.depth[0][1].dtype == np.float32:
        streams.depth_unit = DepthUnit(1.0, "recorded")
    elif streams.depth:
        # REP 118: 16-bit depth images hold millimetres.
        streams.depth_unit = DepthUnit(1e-3, "assumed")
    return streams


def check_needs_no_folder(path: Path) -> None:
    """Refuse a file of a compressed ROS 2 bag: how it is packed, its folder tells.

    Raises:
        BadInputError: naming the folder.
    """
    about = path.parent / "metadata.yaml"
    if not path.is_file() or not about.is_file():
        return
    with about.open(encoding="utf-8", errors="replace") as file:
        packed = _PACKED.search(file.read(MAX_ABOUT))
    if packed is not None:
        raise BadInputError(
            f"{path} is compressed ({packed[1].lower()} by {packed[1].lower()}), as the "
            f"metadata.yaml beside it says: name its folder, {path.parent.name}, as 'video'."
        )


def _is_image(connection: Any) -> bool:
    return connection.msgtype in ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


def _choose(topics: Iterable[str], path: Path) -> _Chosen:
    """Colour and depth of one camera, raw before compressed, aligned depth before its own."""
    there = sorted(set(topics))
    depth = [t for t in there if "depth" in t]
    depth = [t for t in depth if _ALIGNED.search(t)] or depth
    colour = [t for t in there if not _NOT_COLOUR.search(t)]
    # Raw frames are what the compressed topics beside them were made from.
    picks = [
        _one(_bases(kind), what, path, there)
        for kind, what in ((colour, "colour"), (depth, "depth"))
    ]
    return _Chosen(*picks)


def _bases(topics: list[str]) -> dict[str, str]:
    """For each stream the topic to read it from."""
    best: dict[str, str] = {}
    # Of the compressed ones, "compressed" is made for colour and "compressedDepth" for depth.
    for topic in sorted(
        topics, key=lambda t: ("compressed" in t, ("depth" in t) == (t[-1] == "d"))
    ):
        best.setdefault(re.sub(r"/compressed(Depth)?$", "", topic), topic)
    # image_raw and image_rect of one camera are one stream; raw ones carry their own distortion.
    by_parent: dict[str, str] = {}
    for base in sorted(best, key=lambda b: ("image_raw" not in b, b)):
        by_parent.setdefault(base.rsplit("/", 1)[0], best[base])
    return by_parent


def _one(streams: dict[str, str], what: str, path: Path, there: list[str]) -> str:
    if not streams:
        listed = ", ".join(there) or "none"
        raise BadInputError(
            f"{path} holds no {what} images (its image topics: {listed}). Record colour, depth and "
            "their camera_info, with align_depth.enable:=true."
        )
    if len(streams) > 1:
        raise BadInputError(
            f"{path} holds {what} of {len(streams)} cameras ({', '.join(streams.values())}). "
            "Record one, or filter the bag."
        )
    return next(iter(streams.values()))


def _pixels(message: Any, msgtype: str, where: str, *, is_depth: bool) -> NDArray[Any]:
    if msgtype.endswith("CompressedImage"):
        return compressed_image(message.data, message.format, where, is_depth=is_depth)
    if is_depth != (message.encoding.lower() in DEPTH_TYPES):
        kind = "depth" if is_depth else "colour"
        raise BadInputError(f"{where}: encoding '{message.encoding}' is no {kind}")
    return raw_image(
        message.data,
        message.height,
        message.width,
        message.step,
        message.encoding,
        where,
        is_bigendian=bool(message.is_bigendian),
    )


def _camera(bag: Any, image_topic: str, path: Path) -> Intrinsics | None:
    """The ``CameraInfo`` beside an image topic, if there is one."""
    base = re.sub(r"/compressed(Depth)?$", "", image_topic)
    topic = base.rsplit("/", 1)[0] + "/camera_info"
    found = [c for c in bag.connections if c.topic == topic and c.msgcount > 0]
    for connection, _, raw in bag.messages(connections=found) if found else ():
        info: Any = bag.deserialize(raw, connection.msgtype)
        where = f"{path}: {topic}"
        # ROS 1 names the matrices in capitals.
        K, P, D = (
            np.asarray(getattr(info, name.upper() if hasattr(info, name.upper()) else name), float)
            for name in ("k", "p", "d")
        )
        roi = info.roi
        if 0 < roi.width * roi.height != info.width * info.height:
            raise BadInputError(f"{where}: a region of interest is not read. Record whole images.")
        size = (info.width, info.height)
        if "rect" in base.rsplit("/", 1)[1] and P.any():
            return Intrinsics(matrix_of(P.reshape(3, 4)[:, :3], where, []), size)
        # To image_geometry zeros are no distortion, whatever the model.
        lens = Lens.of(info.distortion_model, D, where) if D.any() else Lens()
        return Intrinsics(matrix_of(K, where, []), size, lens)
    return None


def _placed(bag: Any, colour: str, depth: str, path: Path) -> NDArray[np.float64]:
    """``T_colour_depth`` from the static transforms between the two optical frames."""
    parents: dict[str, tuple[str, NDArray[np.float64]]] = {}
    found = [c for c in bag.connections if c.topic.lstrip("/") in ("tf_static", "tf")]
    for connection, _, raw in bag.messages(connections=found) if found else ():
        for edge in bag.deserialize(raw, connection.msgtype).transforms:
            q, t = edge.transform.rotation, edge.transform.translation
            R = quat_wxyz_to_matrix(np.array([q.w, q.x, q.y, q.z]))
            child, parent = (f.lstrip("/") for f in (edge.child_frame_id, edge.header.frame_id))
            parents[child] = parent, make_se3(R, [t.x, t.y, t.z])
    chains = [_to_root(frame.lstrip("/"), parents) for frame in (colour, depth)]
    common = next((f for f in chains[0] if f in chains[1]), None)
    if common is None:
        raise BadInputError(
            f"{path}: depth is not aligned to colour, and no transform relates '{depth}' to "
            f"'{colour}'. Record /tf_static too, or aligned depth (align_depth.enable:=true)."
        )
    return inverse_se3(chains[0][common]) @ chains[1][common]


def _to_root(
    frame: str, parents: dict[str, tuple[str, NDArray[np.float64]]]
) -> dict[str, NDArray[np.float64]]:
    """``T_ancestor_frame`` of a frame and each of its ancestors."""
    chain, T = {frame: np.eye(4)}, np.eye(4)
    while frame in parents and len(chain) < 64:
        frame, step = parents[frame]
        T = step @ T
        if frame in chain:
            break
        chain[frame] = T
    return chain
