#!/usr/bin/env bash
# rosbags 0.11.9 writes an array's raw bytes whatever its dtype: a camera matrix of integers becomes
# 2.964e-321.
#
# Package:  rosbags 0.11.9
# Expected: serialising float64[9] from np.array([600, 0, 320, ...]) converts to float64, or refuses int64 as
#           rclpy does ("must have the dtype of numpy.float64").
# Seen:     only the number of items is checked; read back, K is [2.964e-321, 0, 1.581e-321, ...]. No error at
#           either end.
# Matters:  np.array([[600, 0, 320], [0, 600, 240], [0, 0, 1]]) is an int64 array, so bags written by a
#           converter script carry an unusable K that is found when
#           somebody projects points.
# Instead:  np.ascontiguousarray(a, dtype="<f8").ravel() for every float64 field, and read one message back
#           after writing.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install rosbags==0.11.9 numpy==2.3.5
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from rosbags.typesys import Stores, get_typestore

store = get_typestore(Stores.ROS2_HUMBLE)
types = store.types
name = "sensor_msgs/msg/CameraInfo"
stamp = types["builtin_interfaces/msg/Time"](sec=0, nanosec=0)
K = np.array([[600, 0, 320], [0, 600, 240], [0, 0, 1]]).ravel()  # whole numbers: int64
info = types[name](
    header=types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera"),
    height=480, width=640, distortion_model="plumb_bob", d=np.zeros(5), k=K,
    r=np.eye(3).ravel(), p=np.zeros(12), binning_x=0, binning_y=0,
    roi=types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
)
seen = store.deserialize_cdr(store.serialize_cdr(info, name), name).k

print("rosbags", version("rosbags"))
print("expected: fx = 600, cx = 320")
print(f"seen:     fx = {seen[0]}, cx = {seen[2]} ({seen.dtype})")
if not (0 < seen[0] < 1e-300):
    raise SystemExit("changed: integers are converted now")
print("holds: the int64 bytes were stored as float64")
PY
