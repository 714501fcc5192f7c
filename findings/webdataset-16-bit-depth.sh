#!/usr/bin/env bash
# webdataset 1.0.2 decodes a 16-bit depth PNG to white: with "rgb", "l", "pil" and their torch kin every depth
# from 256 mm on becomes 1.0 or 255.
#
# Package:  webdataset 1.0.2, pillow 12.0.0
# Expected: .decode("l") of a 16-bit grey PNG keeps 16 bits, scales them to [0, 1], or refuses; a 2500 mm
#           pixel and a 700 mm pixel differ.
# Seen:     100, 200, 700 and 2500 mm decode to [100 200 255 255] with "l8", [0.392 0.784 1 1] with "l", and
#           likewise in three equal channels with "rgb8", "rgb" and "pil".
# Matters:  depth next to colour in tar shards is the common layout for robot data; training runs, with a
#           depth channel that says 1.0 nearly everywhere.
# Instead:  decode depth by an own handler (cv2.imdecode(data, cv2.IMREAD_UNCHANGED)) for its own extension,
#           and check the dtype of one sample.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install webdataset==1.0.2 numpy==2.4.6 pillow==12.0.0
"$python" - <<'PY'
import io
from importlib.metadata import version

import numpy as np
from PIL import Image
from webdataset.autodecode import imagehandler

depth_mm = np.array([[100, 200], [700, 2500]], np.uint16)
stream = io.BytesIO()
Image.fromarray(depth_mm).save(stream, "png")
stored = np.asarray(Image.open(io.BytesIO(stream.getvalue())))
if not np.array_equal(stored, depth_mm):
    raise SystemExit("changed: the PNG itself does not hold the depths")

print("webdataset", version("webdataset"), "- the PNG holds", stored.ravel().tolist())
print("expected: four different values in every line")
alike = []
for spec in ("l8", "l", "rgb8", "rgb", "pil"):
    seen = np.asarray(imagehandler(spec)("depth.png", stream.getvalue()))
    pixels = seen.reshape(4, -1)[:, 0]
    print(f"seen:     {spec:5} {seen.dtype} {pixels.round(3).tolist()}")
    alike.append(pixels[2] == pixels[3])
if not all(alike):
    raise SystemExit("changed: 700 mm and 2500 mm differ now")
print("holds: 700 mm and 2500 mm are the same")
PY
