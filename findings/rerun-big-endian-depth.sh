#!/usr/bin/env bash
# rerun-sdk 0.41.0 logs a big-endian depth image byte for byte: 1000 mm is shown and stored as 59395 mm.
#
# Package:  rerun-sdk 0.41.0
# Expected: the array's values are kept: rr.DepthImage(a) reads as a, as rr.Points3D does for big-endian
#           points.
# Seen:     for np.array([[1000]], ">u2") the buffer is the bytes 03 e8 with the data type U16, which readers
#           take as little-endian: 0xe803 = 59395. No warning.
# Matters:  16-bit PGM and PNG payloads and ROS messages with is_bigendian = 1 are big-endian, and NumPy hides
#           it (the array prints 1000); clouds from such depth are noise between 0 and 65 m.
# Instead:  a.astype(a.dtype.newbyteorder("=")) before logging images.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install rerun-sdk==0.41.0 numpy==2.4.6
"$python" - <<'PY'
import numpy as np
import rerun as rr

depth_mm = np.array([[1000, 1010], [1020, 1030]], dtype=">u2")
image = rr.DepthImage(depth_mm)
stored = bytes(image.buffer.as_arrow_array().to_pylist()[0])
data_type = image.format.as_arrow_array().to_pylist()[0]["channel_datatype"]
native = rr.DepthImage(depth_mm.astype("<u2")).format.as_arrow_array().to_pylist()[0]
seen = np.frombuffer(stored, "<u2").reshape(2, 2)
points = rr.Points3D(np.array([[1, 2, 3]], ">f4")).positions.as_arrow_array().to_pylist()[0]

print("rerun-sdk", rr.__version__)
print("expected:", depth_mm.tolist())
print("seen:    ", seen.tolist(), "- Points3D of big-endian (1, 2, 3):", list(points))
if data_type != native["channel_datatype"]:
    raise SystemExit("changed: the byte order is part of the data type now")
if seen[0, 0] != 59395:
    raise SystemExit("changed: the values are kept now")
print("holds: the bytes are taken for little-endian")
PY
