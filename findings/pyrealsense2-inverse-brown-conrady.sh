#!/usr/bin/env bash
# pyrealsense2 2.59.1 treats inverse_brown_conrady intrinsics exactly as brown_conrady: the label's documented
# meaning is not what it computes.
#
# Package:  pyrealsense2 2.59.1.11053
# Expected: librealsense's header says of inverse_brown_conrady "Equivalent to Brown-Conrady distortion, except
#           undistorts image instead of distorting it": deprojection applies the polynomial to the pixel's ray.
# Seen:     for k1 = 0.1, k2 = -0.2, p1 = 0.001, p2 = 0.002, k3 = 0.05, f = 600, pixel (560, 60) at 1 m
#           deprojects to (0.3939, -0.2960), the same as under brown_conrady; the documented meaning gives
#           (0.4062, -0.3040): 14.7 mm apart.
# Matters:  D400 cameras label their colour stream so. An exporter that believes the label inverts the
#           coefficients for OpenCV, COLMAP or a renderer and bends every ray the wrong way.
# Instead:  hand the coefficients to OpenCV as they are (k1, k2, p1, p2, k3) for both labels, and check with
#           one projected board.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pyrealsense2==2.59.1.11053 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
import pyrealsense2 as rs

k1, k2, p1, p2, k3 = coefficients = [0.1, -0.2, 0.001, 0.002, 0.05]
camera = rs.intrinsics()
camera.width, camera.height, camera.fx, camera.fy, camera.ppx, camera.ppy = 640, 480, 600, 600, 320, 240
camera.coeffs = coefficients


def polynomial(x, y):
    r2 = x * x + y * y
    f = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    return [x * f + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * f + 2 * p2 * x * y + p1 * (r2 + 2 * y * y)]


rays = {}
for name in ("brown_conrady", "inverse_brown_conrady"):
    camera.model = getattr(rs.distortion, name)
    rays[name] = np.array(rs.rs2_deproject_pixel_to_point(camera, [560.0, 60.0], 1.0)[:2])
documented = np.array(polynomial((560 - 320) / 600, (60 - 240) / 600))

print("pyrealsense2", version("pyrealsense2"))
print("expected:", documented.round(4), "for inverse_brown_conrady")
for name, ray in rays.items():
    print("seen:    ", ray.round(4), "for", name)
apart = np.linalg.norm(rays["inverse_brown_conrady"] - documented) * 1000
if not np.allclose(*rays.values(), atol=1e-4):
    raise SystemExit("changed: the two labels differ now")
print(f"holds: {apart:.1f} mm from the documented meaning at 1 m")
PY
