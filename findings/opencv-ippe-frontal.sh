#!/usr/bin/env bash
# OpenCV's SOLVEPNP_IPPE answers True with a pose 10 degrees off for exact corners of a board that faces the
# camera squarely.
#
# Package:  opencv-python-headless 5.0.0.93 (4.11.0 and 4.14.0 answer alike)
# Expected: exact corners of a flat board, the one case IPPE is made for, give the exact pose.
# Seen:     board at (0.05, 0.02, 0.6) m, its z straight at the camera (tilt 0): 10.26 degrees off, reprojection
#           error up to 2.59 px; the same at 1e-5 degrees of tilt. Over 300 random square views 13 degrees on
#           average, up to 34, and nan for some. From 0.01 degrees of tilt on, and with the board's z pointing
#           away, it is right; SOLVEPNP_SQPNP is right throughout.
# Matters:  a camera looking straight down at a board is the usual first test of a rig, and simulated boards
#           are exactly square; the refinement that hides it (solvePnPRefineLM) is not called for you.
# Instead:  SOLVEPNP_SQPNP or SOLVEPNP_ITERATIVE, or refine the answer with cv2.solvePnPRefineLM and look at
#           the reprojection error.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 numpy==2.4.6
"$python" - <<'PY'
import cv2
import numpy as np

K = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])
grid = np.stack(np.meshgrid(np.arange(7), np.arange(5)), -1).reshape(-1, 2) * 0.03
board = np.c_[grid, np.zeros(len(grid))] - [0.09, 0.06, 0]
t = np.array([0.05, 0.02, 0.6])


def rotation(axis, degrees):
    return cv2.Rodrigues(np.array(axis, float) * np.radians(degrees))[0]


def errors(flag, R, t):
    """The answer's angle to R in degrees, and its reprojection error in pixels."""
    corners = cv2.projectPoints(board, cv2.Rodrigues(R)[0], t, K, None)[0]
    ok, rvec, tvec = cv2.solvePnP(board, corners, K, None, flags=flag)
    if not ok:
        raise SystemExit("changed: it says now that it failed")
    trace = np.trace(cv2.Rodrigues(rvec)[0].T @ R)
    again = cv2.projectPoints(board, rvec, tvec, K, None)[0]
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))), np.abs(again - corners).max()


def worst(flag, tilt, flip):
    turned = rotation([1, 0, 0], tilt) @ rotation([1, 0, 0], flip)
    return np.max([errors(flag, turned @ rotation([0, 0, 1], yaw), t) for yaw in (0, 30, 90, 123)], axis=0)


print("OpenCV", cv2.__version__, "- expected: 0.00 in every line")
for name in ("SOLVEPNP_IPPE", "SOLVEPNP_SQPNP"):
    for flip, side in ((180, "towards the camera"), (0, "away from it")):
        for tilt in (0, 1e-5, 0.01):
            off, px = worst(getattr(cv2, name), tilt, flip)
            print(f"seen: {name:15} z {side:18} tilt {tilt:g}: {off:5.2f} degrees, {px:.2f} px")
rng = np.random.default_rng(0)
views = []
for _ in range(300):
    R = rotation([1, 0, 0], 180) @ rotation([0, 0, 1], rng.uniform(0, 360))
    views.append(errors(cv2.SOLVEPNP_IPPE, R, np.r_[rng.uniform(-0.1, 0.1, 2), rng.uniform(0.4, 1)])[0])
print(f"seen: 300 square views: mean {np.nanmean(views):.1f}, up to {np.nanmax(views):.1f} degrees,", end=" ")
print(int(np.isnan(views).sum()), "nan")
if worst(cv2.SOLVEPNP_IPPE, 0, 180)[0] < 1:
    raise SystemExit("changed: IPPE is right for the square view")
print("holds: True, and the wrong pose")
PY
