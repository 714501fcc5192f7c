#!/usr/bin/env bash
# pypcd4 1.5.1's from_msg ignores row_step and is_bigendian of a PointCloud2: row padding becomes points at
# the origin, big-endian clouds become 1e-41.
#
# Package:  pypcd4 1.5.1 (messages from rosbags 0.11.9)
# Expected: sensor_msgs/PointCloud2: "row_step: Length of a row in bytes", "is_bigendian: Is this data
#           bigendian?"; a 2 x 2 cloud has 4 points, whatever stands between its rows.
# Seen:     with rows of 24 bytes and a row_step of 36 the cloud has 6 points, one (0, 0, 0) after each row,
#           with width and height still 2 x 2; the same four points big-endian read as (8.8282e-44,
#           6.8965e-41, 1.1569e-41), ...
# Matters:  points at the sensor's origin pull every centroid, normal and box; organised clouds shift by a
#           pixel a row.
# Instead:  slice the rows yourself (data.reshape(height, row_step)[:, :width * point_step]), and refuse
#           is_bigendian, before PointCloud sees the message.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pypcd4==1.5.1 rosbags==0.11.9 numpy==1.26.4
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from pypcd4 import PointCloud
from rosbags.typesys import Stores, get_typestore

types = get_typestore(Stores.ROS2_HUMBLE).types
stamp = types["builtin_interfaces/msg/Time"](sec=0, nanosec=0)
header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="lidar")
Field = types["sensor_msgs/msg/PointField"]
fields = [Field(name, 4 * i, Field.FLOAT32, 1) for i, name in enumerate("xyz")]
xyz = np.arange(12, dtype=np.float32).reshape(4, 3) + 0.5


def read(rows, *, big):
    message = types["sensor_msgs/msg/PointCloud2"](
        header=header, height=2, width=2, fields=fields, is_bigendian=big,
        point_step=12, row_step=rows.shape[1], data=rows.ravel(), is_dense=True,
    )  # fmt: skip
    return PointCloud.from_msg(message).numpy()


padded = np.zeros((2, 36), np.uint8)
padded[:, :24] = np.frombuffer(xyz.tobytes(), np.uint8).reshape(2, 24)
big = np.frombuffer(xyz.astype(">f4").tobytes(), np.uint8).reshape(2, 24)
seen_padded, seen_big = read(padded, big=False), read(big, big=True)

print("pypcd4", version("pypcd4"))
print("expected:", xyz.tolist(), "in both cases")
print("seen:     padded rows:", seen_padded.tolist())
print("          big-endian, first point:", seen_big[0])
if len(seen_padded) != 6 or seen_padded[2].any() or seen_big.max() > 1e-30:
    raise SystemExit("changed: one of the two fields counts now")
print("holds: neither field counts")
PY
