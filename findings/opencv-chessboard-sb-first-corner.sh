#!/usr/bin/env bash
# OpenCV's findChessboardCornersSB lists the corners from the opposite end of findChessboardCorners: the same
# picture, a board turned by half a turn.
#
# Package:  opencv-python-headless 5.0.0.93 (4.14.0 answers alike)
# Expected: the "sector based" detector is the more accurate drop-in: same pattern size, same row-by-row
#           order, same first corner.
# Seen:     on one upright 8 x 5 picture findChessboardCorners begins at (159.5, 139.5) and ends at (579.5,
#           379.5), findChessboardCornersSB begins at (579.5, 379.5) and ends at (159.6, 139.5).
# Matters:  intrinsics come out alike, so both seem to work; with one detector for the arm's camera and the
#           other for the fixed one, or a fallback from one to the other, extrinsics and hand-eye are off by
#           180 degrees about the normal and the board's diagonal.
# Instead:  one detector for all pictures; a ChArUco board where the order matters.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 numpy==2.4.6
"$python" - <<'PY'
import cv2
import numpy as np

picture = np.full((600, 800), 255, np.uint8)
for row in range(6):
    for column in range(9):
        if (row + column) % 2 == 0:
            y, x = 80 + 60 * row, 100 + 60 * column
            picture[y : y + 60, x : x + 60] = 0

ends = {}
for name in ("findChessboardCorners", "findChessboardCornersSB"):
    found, corners = getattr(cv2, name)(picture, (8, 5))
    if not found:
        raise SystemExit(f"changed: {name} finds no board")
    corners = corners.reshape(-1, 2)
    ends[name] = corners[0]
    print(f"{name:23} first {corners[0].round(1)}, last {corners[-1].round(1)}")
print("OpenCV", cv2.__version__, "- expected: the same first corner in both lines")
apart = np.linalg.norm(np.subtract(*ends.values()))
if apart < 10:
    raise SystemExit("changed: both begin at one corner now")
print(f"holds: the first corners are {apart:.0f} px apart")
PY
