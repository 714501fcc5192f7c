#!/usr/bin/env bash
# depthai 3.12.0's getCameraIntrinsics says it crops and answers for a letterbox: 800 x 800 cut from a 1280 x 800
# image has a focal length of 800 px, it says 500.
#
# Package:  depthai 3.12.0
# Expected: keepAspectRatio, on by default, "will scale on width or height depending on which provides the max
#           resolution and crops the remaining part of the other side". For images of 1280 x 800 with f = 800 px:
#           960 x 800 and 800 x 800 are pure crops, f = 800; 640 x 480 is a scale by 0.6 and a crop, f = 480. 1280 x
#           720 is a crop too and is answered so, f = 800.
# Seen:     f = 600, 500 and 400: the width decides always, as if the whole width were shrunk into the image and
#           bars filled the rest. Where the width is what is kept (1280 x 720, 640 x 360) the answer is right. With
#           destShape the same.
# Matters:  4:3 and square crops of a 16:10 sensor are what networks and 640 x 480 pipelines ask for; points are
#           placed 20 to 60 % too far to the side, the reprojection of a tag looks like a bad calibration.
# Instead:  take the intrinsics at the sensor's own size and scale and shift them: s = max(w / W, h / H), f s,
#           c s - (s [W, H] - [w, h]) / 2; compare with keepAspectRatio=False on the axis that is not cropped.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install depthai==3.12.0 numpy==2.4.6
"$python" - <<'PY'
import depthai
import numpy as np

W, H, F = 1280, 800, 800.0
calibration, camera = depthai.CalibrationHandler(), depthai.CameraBoardSocket.CAM_A
calibration.setCameraIntrinsics(camera, [[F, 0, W / 2], [0, F, H / 2], [0, 0, 1]], W, H)


def focal_length(w, h):
    seen = np.array(calibration.getCameraIntrinsics(camera, w, h))
    assert np.isclose(seen[0, 0], seen[1, 1]) and np.allclose(seen[:2, 2], [w / 2, h / 2])
    shape = np.array(calibration.getCameraIntrinsics(camera, destShape=depthai.Size2f(w, h)))
    assert np.array_equal(shape, seen)
    return float(seen[0, 0])


expected, seen = {}, {}
for w, h in ((1280, 800), (1280, 720), (640, 360), (960, 800), (800, 800), (640, 480)):
    expected[w, h], seen[w, h] = F * max(w / W, h / H), focal_length(w, h)
print("depthai", depthai.__version__, "- focal length in pixels")
print("expected:", expected)
print("seen:    ", seen)
right = [size for size in seen if np.isclose(seen[size], expected[size])]
if right != [(1280, 800), (1280, 720), (640, 360)]:
    raise SystemExit("changed: the crops are answered, or others are wrong")
if not all(np.isclose(f, F * w / W) for (w, h), f in seen.items()):
    raise SystemExit("changed: the width no longer decides")
print("holds: for a letterbox")
PY
