#!/usr/bin/env bash
# rosbags-image 0.10.4 ignores an image's row step: padded rows come out sheared, with the right shape and no
# error.
#
# Package:  rosbags-image 0.10.4, rosbags 0.11.9
# Expected: sensor_msgs/Image says "uint32 step: Full row length in bytes"; rows may be longer than width
#           times pixel size (camera drivers align them to 16, 64 or 256 bytes), so each row starts at a
#           multiple of step.
# Seen:     a 5 x 4 mono8 image with step 16 and pixels 0..19 reads as [[0 1 2 3 4] [0 0 0 0 0] [0 0 0 0 0] [0
#           5 6 7 8]]: the padding is taken for pixels, 11 of the 20 pixels are lost.
# Matters:  a bag of a camera whose width is not a multiple of the driver's alignment turns into slanted
#           pictures or depth; a network trains on them, a calibration just finds few corners.
# Instead:  slice the rows yourself: data.reshape(height, step)[:, :width * bytes_per_pixel].
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install rosbags-image==0.10.4 rosbags==0.11.9 numpy==1.26.4 opencv-python-headless==4.11.0.86
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from rosbags.image import message_to_cvimage
from rosbags.typesys import Stores, get_typestore

types = get_typestore(Stores.ROS2_HUMBLE).types
stamp = types["builtin_interfaces/msg/Time"](sec=0, nanosec=0)
header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")

width, height, step = 5, 4, 16
pixels = np.arange(width * height, dtype=np.uint8).reshape(height, width)
rows = np.zeros((height, step), np.uint8)
rows[:, :width] = pixels
message = types["sensor_msgs/msg/Image"](header, height, width, "mono8", 0, step, rows.ravel())

seen = message_to_cvimage(message)
print("rosbags-image", version("rosbags-image"))
print("expected:", pixels.tolist())
print("seen:    ", seen.tolist())
if seen.shape != pixels.shape or np.array_equal(seen, pixels):
    raise SystemExit("changed: the row step is no longer silently ignored")
print("holds: right shape, wrong pixels")
PY
