#!/usr/bin/env bash
# mcap-ros2-support 0.6.0 writes zeros for fields it does not find and for the missing end of fixed arrays.
#
# Package:  mcap-ros2-support 0.6.0, mcap 1.6.0
# Expected: rclpy refuses an unknown field and a fixed array of the wrong length ("must be a set or sequence
#           with length 9").
# Seen:     {"K": [600, ...], "D": [0.1]} (ROS 1's capital names) is stored as k = [0.0] * 9 and d = []; k =
#           [600, 0, 320] as [600, 0, 320, 0, 0, 0, 0, 0, 0]. Neither raises.
# Matters:  a converter from ROS 1 bags to MCAP loses every camera's intrinsics in silence; the file opens
#           everywhere, and the pictures are there.
# Instead:  compare the keys and array lengths with the definition before writing, or write with rclpy or
#           rosbags, which refuse both.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install mcap-ros2-support==0.6.0 mcap==1.6.0
"$python" - <<'PY'
import io
from importlib.metadata import version

from mcap_ros2.reader import read_ros2_messages
from mcap_ros2.writer import Writer

stream = io.BytesIO()
writer = Writer(stream)
schema = writer.register_msgdef("demo_msgs/msg/Camera", "float64[9] k\nfloat64[] d\nstring name\n")
ros1 = {"K": [600.0, 0, 320, 0, 600, 240, 0, 0, 1], "D": [0.1], "name": "ROS 1 names"}
short = {"k": [600.0, 0, 320], "d": [0.1], "name": "first row only"}
for message in (ros1, short):
    writer.write_message("/camera", schema, message, 1, 1)
writer.finish()
stream.seek(0)
first, second = (m.ros_msg for m in read_ros2_messages(stream))

print("mcap-ros2-support", version("mcap-ros2-support"))
print("expected: an error for the unknown names K and D, and one for three numbers in float64[9]")
for message in (first, second):
    print(f"seen:     {message.name}: k = {list(message.k)}, d = {list(message.d)}")
if list(first.k) != [0.0] * 9 or list(second.k) != [600.0, 0.0, 320.0] + [0.0] * 6:
    raise SystemExit("changed: what is missing is no longer filled with zeros")
print("holds: both were written and read back without a word")
PY
