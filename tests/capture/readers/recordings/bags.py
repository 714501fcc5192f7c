"""ROS 1 and ROS 2 bags written message by message, as a camera driver fills them."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rosbags.typesys import Stores, get_typestore

COLOUR, DEPTH = "/camera/color/image_raw", "/camera/aligned_depth_to_color/image_raw"


@dataclass
class BagWriter:
    """Collects messages; ``save`` writes them as ROS 1, or as ROS 2 in SQLite or MCAP."""

    kind: str
    messages: list = field(default_factory=list)

    def __post_init__(self):
        self.types = get_typestore(
            Stores.ROS1_NOETIC if self.kind == "ros1" else Stores.ROS2_HUMBLE
        )

    def _type(self, name):
        return self.types.types[f"sensor_msgs/msg/{name}" if "/" not in name else name]

    def header(self, t_s, frame="camera_color_optical_frame"):
        stamp = self._type("builtin_interfaces/msg/Time")(int(t_s), round(t_s % 1 * 1e9))
        seq = {"seq": 0} if self.kind == "ros1" else {}
        return self._type("std_msgs/msg/Header")(**seq, stamp=stamp, frame_id=frame)

    def image(self, topic, t_s, pixels, encoding, *, pad=0, frame="camera_color_optical_frame"):
        h, w = pixels.shape[:2]
        rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(h, -1)
        padded = np.concatenate([rows, np.full((h, pad), 171, np.uint8)], axis=1)
        self.messages.append(
            (
                topic,
                t_s,
                self._type("Image")(
                    self.header(t_s, frame),
                    h,
                    w,
                    encoding,
                    0,
                    padded.shape[1],
                    padded.ravel(),
                ),
            )
        )

    def compressed(self, topic, t_s, data, form):
        message = self._type("CompressedImage")(
            self.header(t_s), form, np.frombuffer(data, np.uint8)
        )
        self.messages.append((topic, t_s, message))

    def camera_info(self, topic, K, wh, *, D=(0.0,) * 5, model="plumb_bob", P=None):
        big = self.kind == "ros1"
        P = np.column_stack([K, np.zeros(3)]) if P is None else P
        arrays = {
            "d": np.array(D, float),
            "k": np.asarray(K).ravel(),
            "r": np.eye(3).ravel(),
            "p": np.asarray(P, float).ravel(),
        }
        roi = self._type("RegionOfInterest")(0, 0, 0, 0, False)
        self.messages.append(
            (
                topic,
                0.0,
                self._type("CameraInfo")(
                    header=self.header(0.0),
                    height=wh[1],
                    width=wh[0],
                    distortion_model=model,
                    binning_x=0,
                    binning_y=0,
                    roi=roi,
                    **{(name.upper() if big else name): value for name, value in arrays.items()},
                ),
            )
        )

    def tf_static(self, edges):
        transforms = []
        for parent, child, xyz, xyzw in edges:
            transform = self._type("geometry_msgs/msg/Transform")(
                self._type("geometry_msgs/msg/Vector3")(*xyz),
                self._type("geometry_msgs/msg/Quaternion")(*xyzw),
            )
            transforms.append(
                self._type("geometry_msgs/msg/TransformStamped")(
                    self.header(0.0, parent), child, transform
                )
            )
        self.messages.append(("/tf_static", 0.0, self._type("tf2_msgs/msg/TFMessage")(transforms)))

    def film(self, video, *, colour=COLOUR, depth=DEPTH, pad=0, encoding="rgb8"):
        """All frames of a video and both cameras, as realsense-ros publishes them."""
        wh = video.rgb.shape[2], video.rgb.shape[1]
        for topic in (colour, depth):
            self.camera_info(topic.rsplit("/", 1)[0] + "/camera_info", video.K, wh)
        for t, rgb, mm in zip(video.timestamps_s, video.rgb, video.depth_mm, strict=True):
            pixels = rgb[..., ::-1] if encoding == "bgr8" else rgb
            self.image(colour, 10 + t, pixels, encoding, pad=pad)
            self.image(depth, 10 + t, mm, "16UC1", pad=pad)

    def save(self, folder: Path, spoil=lambda _topic, raw: raw, *, compression=None) -> Path:
        """Write the bag, each message as ``spoil`` leaves it; returns the path to read.

        ``compression`` is a name of rosbags' modes, of ROS 2.
        """
        from rosbags import rosbag1, rosbag2

        if self.kind == "ros1":
            path = folder / "film.bag"
            writer = rosbag1.Writer(path)
        else:
            path = folder / "film"
            storage = getattr(rosbag2.StoragePlugin, "MCAP" if "mcap" in self.kind else "SQLITE3")
            writer = rosbag2.Writer(path, version=9, storage_plugin=storage)
            if compression:
                mode = getattr(rosbag2.CompressionMode, compression)
                writer.set_compression(mode, rosbag2.CompressionFormat.ZSTD)
        serialise = self.types.serialize_ros1 if self.kind == "ros1" else self.types.serialize_cdr
        with writer:
            made = {}
            for topic, t_s, message in self.messages:
                name = message.__msgtype__
                if topic not in made:
                    made[topic] = writer.add_connection(topic, name, typestore=self.types)
                raw = spoil(topic, bytes(serialise(message, name)))
                writer.write(made[topic], int(t_s * 1e9), raw)
        if self.kind.endswith("file"):
            return next(p for p in path.iterdir() if p.suffix in (".db3", ".mcap"))
        return path


def _ros1_image(stamp_s, encoding, pixels, tail=b"", pad=0):
    seconds, nanoseconds = int(stamp_s), round(stamp_s % 1 * 1e9)
    h, w = pixels.shape[:2]
    rows = pixels.view(np.uint8).reshape(h, -1)
    data = np.concatenate([rows, np.full((h, pad), 171, np.uint8)], axis=1).tobytes()
    return b"".join(
        [
            struct.pack("<III", 0, seconds, nanoseconds),
            struct.pack("<I", 0),
            struct.pack("<II", h, w),
            struct.pack("<I", len(encoding)) + encoding.encode(),
            struct.pack("<BI", 0, len(data) // h),
            struct.pack("<I", len(data)) + data + tail,
        ]
    )


def _ros1_camera_info(K, hw):
    model = b"None"
    return b"".join(
        [
            struct.pack("<IIII", 0, 0, 0, 0),
            struct.pack("<II", *hw),
            struct.pack("<I", len(model)) + model,
            struct.pack("<I", 5) + struct.pack("<5d", *np.zeros(5)),
            struct.pack("<9d", *K.ravel()),
            struct.pack("<12d", *np.zeros(12)),
            struct.pack("<II6I", 0, 0, 0, 0, 0, 0, 0, 0),
        ]
    )


def write_realsense_bag(path, video, pad=0):
    """A ROS 1 bag as librealsense < 2.58 wrote it: depth units appended to each image."""
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS1_NOETIC)
    hw = video.rgb.shape[1:3]
    with Writer(path) as bag:
        for sensor, stream in ((0, "Depth_0"), (1, "Color_0")):
            base = f"/device_0/sensor_{sensor}/{stream}"
            info = bag.add_connection(
                f"{base}/info/camera_info", "sensor_msgs/msg/CameraInfo", typestore=types
            )
            image = bag.add_connection(
                f"{base}/image/data", "sensor_msgs/msg/Image", typestore=types
            )
            bag.write(info, 0, _ros1_camera_info(video.K, hw))
            for i, t in enumerate(video.timestamps_s):
                raw = (
                    _ros1_image(t, "mono16", video.depth_mm[i], struct.pack("<f", 0.001), pad)
                    if sensor == 0
                    else _ros1_image(t, "rgb8", video.rgb[i], pad=pad)
                )
                bag.write(image, int(t * 1e9), raw)
