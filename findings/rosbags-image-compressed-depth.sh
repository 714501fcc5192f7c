#!/usr/bin/env bash
# rosbags-image 0.10.4 decodes a 16-bit compressed depth image to the high byte of every pixel: 2500 mm
# becomes 9.
#
# Package:  rosbags-image 0.10.4, rosbags 0.11.9
# Expected: a CompressedImage whose format is "16UC1; png compressed" holds millimetres; decoded, it is uint16
#           and says 2500.
# Seen:     dtype uint8, every pixel 9 (2500 >> 8), no warning; the same for format "png".
# Matters:  the array has the right shape and smooth-looking values, so a depth pipeline goes on with depths
#           in steps of 256 mm.
# Instead:  cv2.imdecode(data, cv2.IMREAD_UNCHANGED) (for compressedDepth after its 12-byte header), then
#           refuse any dtype but uint16.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install rosbags-image==0.10.4 rosbags==0.11.9 numpy==1.26.4 opencv-python-headless==4.11.0.86
"$python" - <<'PY'
from importlib.metadata import version

import cv2
import numpy as np
from rosbags.image import message_to_cvimage
from rosbags.typesys import Stores, get_typestore

types = get_typestore(Stores.ROS2_HUMBLE).types
stamp = types["builtin_interfaces/msg/Time"](sec=0, nanosec=0)
header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera_depth")
depth_mm = np.full((4, 4), 2500, np.uint16)
png = cv2.imencode(".png", depth_mm)[1].ravel()

print("rosbags-image", version("rosbags-image"))
print("expected: uint16, 2500 everywhere")
for form in ("16UC1; png compressed ", "png"):
    seen = message_to_cvimage(types["sensor_msgs/msg/CompressedImage"](header, form, png))
    print(f"seen:     {seen.dtype}, {np.unique(seen).tolist()} for format {form!r}")
    if seen.dtype != np.uint8 or not (seen == 2500 >> 8).all():
        raise SystemExit("changed: no longer the high byte")
right = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
print(f"holds; cv2.imdecode of the same bytes gives {right.dtype}, {np.unique(right).tolist()}")
PY
