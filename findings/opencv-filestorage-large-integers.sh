#!/usr/bin/env bash
# OpenCV 5.0.0's FileStorage writes an integer of 2^31 or more as `true`, and reads its own uint32 arrays back
# as 0; int64 arrays are cut to 32 bits, in 4.14 too.
#
# Package:  opencv-python-headless 5.0.0.93 (beside 4.14.0.94)
# Expected: write(name, val) keeps a number or raises. 4.14.0 writes 1700000000123 as it is and refuses uint32
#           arrays; getNode(name).real() of a file with that number gives it in both versions.
# Seen:     write("stamp_ms", 1700000000123) puts "stamp_ms: true" into the file, which reads back as 1.0. An
#           int64 array [[1700000000123456789]] becomes [[1032178965]] of int32, in 4.14.0 as well. A uint32 array
#           [[4000000000, 7]] is in the file as it should be and reads back as [[0, 7]]. No error, no warning.
# Matters:  timestamps in ms or ns and cameras' serial numbers (817612071234) are what is kept beside a
#           calibration; every camera then has the serial number 1.
# Instead:  write such integers as strings, times as float seconds, arrays as float64 (exact up to 2^53), and
#           read one file back.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 numpy==2.4.6
pip_install --target "$work/four" --no-deps opencv-python-headless==4.14.0.94
cat > "$work/try.py" <<'PY'
import sys

import cv2
import numpy as np

VALUES = {
    "small": 2**31 - 1,
    "stamp_ms": 1700000000123,
    "serial": 817612071234,
    "stamps_ns": np.array([[1700000000123456789]]),
    "ids": np.array([[4000000000, 7]], np.uint32),
}


def kept(name, value):
    path = sys.argv[1]
    storage = cv2.FileStorage(path, cv2.FILE_STORAGE_WRITE)
    try:
        storage.write(name, value)
    except cv2.error:
        return "refused"
    finally:
        storage.release()
    storage = cv2.FileStorage(path, cv2.FILE_STORAGE_READ)
    node = storage.getNode(name)
    return node.mat().tolist() if node.isMap() else node.real()


print([kept(name, value) for name, value in VALUES.items()])
PY
four=$(PYTHONPATH="$work/four" "$python" "$work/try.py" "$work/four.yml")
five=$("$python" "$work/try.py" "$work/five.yml")
echo "expected: 2147483647, 1700000000123, 817612071234, [[1700000000123456789]], [[4000000000, 7]], or refused"
echo "4.14.0:   $four"
echo "5.0.0:    $five"
if [ "$five" != "[2147483647.0, 1.0, 1.0, [[1032178965]], [[0, 7]]]" ]; then
  echo "changed: 5.0.0 keeps them, or answers otherwise" >&2
  exit 1
fi
if [ "$four" != "[2147483647.0, 1700000000123.0, 817612071234.0, [[1032178965]], 'refused']" ]; then
  echo "changed: 4.14.0 answers otherwise" >&2
  exit 1
fi
echo "holds: true for a number"
