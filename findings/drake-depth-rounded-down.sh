#!/usr/bin/env bash
# drake 1.51.1 rounds depth down to millimetres: every 16-bit depth image is half a millimetre short, and 251 mm
# becomes 250 on its way through metres.
#
# Package:  drake 1.51.1
# Expected: the nearest millimetre, as ROS' depth_image_proc converts (+ 0.5 before the cast); at least,
#           ConvertDepth16UTo32F followed by ConvertDepth32FTo16U gives back what went in.
# Seen:     1.2349 m is 1234. Of the 65 534 valid values 739 come back 1 mm smaller (251, 253, 502, 506, 511, ...):
#           0.251 as a float is 0.25099999. Of depths spread evenly over 0.3 to 3 m the mean error is -0.50 mm.
# Matters:  RgbdSensor's 16-bit image and what is logged of it stand nearer to the camera by half a millimetre; a
#           fused surface is off by that everywhere, and files that are read and written again shrink.
# Instead:  take the 32-bit image and np.rint(1000 * depth).astype(np.uint16).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install drake==1.51.1 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from pydrake.systems.sensors import (
    ConvertDepth16UTo32F,
    ConvertDepth32FTo16U,
    ImageDepth16U,
    ImageDepth32F,
)


def to_mm(metres):
    image, answer = ImageDepth32F(len(metres), 1), ImageDepth16U(len(metres), 1)
    image.mutable_data[:] = metres.astype(np.float32).reshape(1, -1, 1)
    ConvertDepth32FTo16U(image, answer)
    return answer.data.ravel().astype(int)


def to_metres(mm):
    image, answer = ImageDepth16U(len(mm), 1), ImageDepth32F(len(mm), 1)
    image.mutable_data[:] = mm.astype(np.uint16).reshape(1, -1, 1)
    ConvertDepth16UTo32F(image, answer)
    return answer.data.ravel().copy()


print("drake", version("drake"))
mm = np.arange(1, 65535)
change = to_mm(to_metres(mm)) - mm
print(f"expected: all {len(mm)} values come back")
first = mm[change != 0][:5].tolist()
print(f"seen:     {np.count_nonzero(change)} changed, by {np.unique(change).tolist()}: {first}, ...")
depth = np.random.default_rng(0).uniform(0.3, 3.0, 100_000)
error = (to_mm(depth) - 1000 * depth).mean()
print(f"expected: mean error 0 mm (nearest: {(np.rint(1000 * depth) - 1000 * depth).mean():.3f}), seen {error:.3f}")
print("1.2349 m: expected 1235, seen", to_mm(np.array([1.2349]))[0])
if np.count_nonzero(change) != 739 or set(np.unique(change).tolist()) != {-1, 0} or abs(error + 0.5) > 0.01:
    raise SystemExit("changed: depth is rounded otherwise")
print("holds: depth is rounded down")
PY
