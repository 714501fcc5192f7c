#!/usr/bin/env bash
# rerun-sdk 0.41.0 takes float16 colours for bytes, so that white is black, and wraps floats just above 1 to black.
#
# Package:  rerun-sdk 0.41.0
# Expected: "Float colors are assumed to be in 0-1 gamma sRGB space. All other colors are assumed to be in 0-255"
#           (rr.components.Color, rr.encodings.Rgba32): float16 is a float, and a value that rounding put above
#           1 is as bright as 1, as in viser and in what matplotlib's imshow shows.
# Seen:     np.float16 (1, 0.5, 0) is stored as bytes (1, 0, 0) where float32 gives (255, 128, 0). float32
#           (1.01, 0.5, -0.01) is stored as (2, 128, 253). No warning for either.
# Matters:  networks and Gaussian splats hold colours in half precision, and 0.5 + 0.2821 f_dc leaves [0, 1] by a
#           little in most scenes: the brightest points of a cloud are black or of another hue.
# Instead:  (np.clip(rgb.astype(np.float32), 0, 1) * 255).round().astype(np.uint8) before logging.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install rerun-sdk==0.41.0 numpy==2.4.6
"$python" - <<'PY'
import warnings

import numpy as np
import rerun as rr


def stored(rgb, dtype):
    points = rr.Points3D([[0, 0, 0]], colors=np.array([rgb], dtype))
    (packed,) = points.colors.as_arrow_array().to_pylist()
    return [packed >> shift & 255 for shift in (24, 16, 8)]


with warnings.catch_warnings():
    warnings.simplefilter("error")
    half, single = (stored([1, 0.5, 0], dtype) for dtype in (np.float16, np.float32))
    above = stored([1.01, 0.5, -0.01], np.float32)

print("rerun-sdk", rr.__version__)
print("(1, 0.5, 0)         expected: [255, 128, 0]  float32:", single, " float16:", half)
print("(1.01, 0.5, -0.01)  expected: [255, 128, 0]  float32:", above)
if single != [255, 128, 0]:
    raise SystemExit("changed: float32 means something else now")
if half != [1, 0, 0]:
    raise SystemExit("changed: float16 is a float now")
if above != [2, 128, 253]:
    raise SystemExit("changed: colours no longer wrap")
print("holds: half precision is taken for bytes, and what leaves [0, 1] wraps")
PY
