#!/usr/bin/env bash
# pypcd4 1.5.1 loses all colours in ASCII PCD files: every point is read back black.
#
# Package:  pypcd4 1.5.1
# Expected: save(encoding=ASCII) keeps what save(encoding=BINARY) keeps; PCL writes the packed rgb float with
#           enough digits, or as the integer.
# Seen:     red, green, blue and (200, 150, 100) are written as 0.0000000000 each (ten decimals of a float
#           such as 1.8e-38) and read back as [0, 0, 0].
# Matters:  ASCII is chosen to look at a cloud or to carry it to another tool; positions are fine, and colour
#           is gone for good.
# Instead:  Encoding.BINARY or BINARY_COMPRESSED for clouds with rgb, and normals or labels beside it.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pypcd4==1.5.1 numpy==1.26.4
"$python" - <<'PY'
import os
import tempfile
from importlib.metadata import version

import numpy as np
from pypcd4 import Encoding, PointCloud

xyz = np.arange(12, dtype=np.float32).reshape(4, 3)
rgb = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 150, 100]], np.uint8)
cloud = PointCloud.from_xyzrgb_points(np.c_[xyz, PointCloud.encode_rgb(rgb)])
seen = {}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "cloud.pcd")
    for encoding in (Encoding.BINARY, Encoding.ASCII):
        cloud.save(path, encoding=encoding)
        again = PointCloud.from_path(path)
        seen[encoding.name] = PointCloud.decode_rgb(again.pc_data["rgb"]).tolist()
    with open(path) as f:
        last = f.read().splitlines()[-1]

print("pypcd4", version("pypcd4"))
print("expected:", rgb.tolist())
for name, colours in seen.items():
    print(f"seen:     {colours} ({name})")
print("          last line of the ASCII file:", last)
if seen["BINARY"] != rgb.tolist():
    raise SystemExit("changed: binary is wrong as well")
if np.any(seen["ASCII"]):
    raise SystemExit("changed: colours survive")
print("holds: black")
PY
