#!/usr/bin/env bash
# OpenCV's ArUco corner refinements count pixels differently: CORNER_REFINE_APRILTAG is half a pixel to the
# right of and below CORNER_REFINE_SUBPIX.
#
# Package:  opencv-python-headless 5.0.0.93 (4.14.0 answers alike)
# Expected: refinements differ in accuracy, not in what a coordinate means; elsewhere in OpenCV a pixel's
#           centre has whole coordinates, so a marker that covers pixels 100..299 has its edges at 99.5 and
#           299.5.
# Seen:     SUBPIX 99.65 and 299.35 (either side, around 99.5 and 299.5); APRILTAG 100.00 and 299.99: pixel
#           edges, half a pixel off in x and y at all four corners. Same detector class, same dictionary.
# Matters:  the offset is the same for all tags, so residuals stay small and the principal point or the pose
#           takes it: 0.4 mm at 0.5 m for f = 600.
# Instead:  subtract 0.5 from corners refined by CORNER_REFINE_APRILTAG (and from pupil-apriltags'), or use
#           SUBPIX throughout.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==5.0.0.93 numpy==2.4.6
"$python" - <<'PY'
import cv2
import numpy as np

dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
picture = np.full((400, 400), 255, np.uint8)
picture[100:300, 100:300] = cv2.aruco.generateImageMarker(dictionary, 5, 200)
picture = cv2.GaussianBlur(picture, (0, 0), 1)

centre = {}
for name in ("SUBPIX", "APRILTAG"):
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = getattr(cv2.aruco, "CORNER_REFINE_" + name)
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(picture)
    corners = np.array(corners[0]).reshape(-1, 2)
    centre[name] = corners.mean(axis=0)
    print(f"seen: {name:8} corners {corners.round(2).tolist()}, centre {centre[name].round(2)}")
print("OpenCV", cv2.__version__, "- expected: centre (199.5, 199.5) for both")
off = centre["APRILTAG"] - centre["SUBPIX"]
if np.abs(off - 0.5).max() > 0.1:
    raise SystemExit("changed: the two agree now")
print("holds:", off.round(2), "px apart")
PY
