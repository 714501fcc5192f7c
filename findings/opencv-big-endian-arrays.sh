#!/usr/bin/env bash
# OpenCV 5.0.0 and 4.14.0 take a big-endian NumPy array for a native one: a depth of 1000 mm from a TIFF is 59395 mm
# after cv2.resize.
#
# Package:  opencv-python-headless 5.0.0.93 and 4.14.0.94, pillow 13.0.0
# Expected: NumPy's byte order is part of the dtype: the array equals its native copy, NumPy computes with it, and
#           PyAV, blosc2 and USD convert or refuse it. OpenCV refuses dtypes that it does not know ("src data type = >u4
#           is not supported", in 4.14).
# Seen:     >u2, >i2, >i4, >f4 and >f8 are taken byte for byte. resize, medianBlur, warpAffine and imencode make
#           59395 of 1000, mean of a float32 image of ones is 4.6e-41, and projectPoints with a >f8 camera matrix
#           puts the principal point at 1.5e-319. No error. Such an array is what np.asarray(Image.open(path)) gives
#           for a big-endian 16-bit TIFF.
# Matters:  depth in big-endian TIFF (microscopes' and thermal cameras' software, ImageJ), FITS, ROS messages of
#           big-endian cameras, np.frombuffer(data, ">u2") of a PGM: the picture still has edges in the right places.
# Instead:  array.astype(array.dtype.newbyteorder("="), copy=False) where data come in; cv2.imread converts.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
pip_install --target "$work/four" --no-deps opencv-python-headless==4.14.0.94
cat > "$work/try.py" <<'PY'
import sys

import cv2
import numpy as np
from PIL import Image

DEPTH = np.full((4, 6), 1000, np.uint16)
K = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])


def tiff(values):
    """A big-endian TIFF of 16-bit grey: header, one directory of nine entries, the pixels."""
    height, width = values.shape
    tags = {
        256: (3, width), 257: (3, height), 258: (3, 16), 259: (3, 1), 262: (3, 1), 273: (4, 122), 277: (3, 1),
        278: (3, height), 279: (4, values.nbytes),
    }  # fmt: skip
    entries = b"".join(
        tag.to_bytes(2) + kind.to_bytes(2) + (1).to_bytes(4) + (value << 16 if kind == 3 else value).to_bytes(4)
        for tag, (kind, value) in tags.items()
    )
    head = b"MM\0*" + (8).to_bytes(4) + len(tags).to_bytes(2) + entries + bytes(4)
    return head + values.astype(">u2").tobytes()


path = sys.argv[1]
with open(path, "wb") as file:
    file.write(tiff(DEPTH))
read = np.asarray(Image.open(path))
assert read.dtype == ">u2" and np.array_equal(read, DEPTH)
assert np.array_equal(cv2.imread(path, cv2.IMREAD_UNCHANGED), DEPTH)
seen = [
    cv2.resize(read, (3, 2), interpolation=cv2.INTER_NEAREST)[0, 0],
    cv2.medianBlur(read, 3)[0, 0],
    cv2.warpAffine(read, np.eye(2, 3), (6, 4), flags=cv2.INTER_NEAREST)[0, 0],
    cv2.imdecode(cv2.imencode(".png", read)[1], cv2.IMREAD_UNCHANGED)[0, 0],
]
ones = cv2.mean(np.ones((4, 6), ">f4"))[0]
point = np.array([[0.0, 0.0, 1.0]])
pixel = cv2.projectPoints(point, np.zeros(3), np.zeros(3), K.astype(">f8"), None)[0].ravel()
print(f"OpenCV {cv2.__version__}: 1000 becomes", *seen, f"the mean of ones {ones:.1e}, (320, 240) {pixel}")
if {int(value) for value in seen} != {59395} or ones > 1e-30 or pixel.max() > 1e-300:
    raise SystemExit("changed: the byte order is honoured or refused")
PY
echo "expected: 1000 1000 1000 1000, the mean of ones 1, (320, 240) [320. 240.], or refused"
PYTHONPATH="$work/four" "$python" "$work/try.py" "$work/depth.tif"
"$python" "$work/try.py" "$work/depth.tif"
echo "holds: byte for byte"
