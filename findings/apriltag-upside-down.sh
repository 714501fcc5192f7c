#!/usr/bin/env bash
# A tag36h11 drawn by OpenCV is upside down for the AprilTag library: the same picture has two poses half a
# turn apart.
#
# Package:  opencv-python-headless 4.14.0.94 (5.0.0 answers alike), pupil-apriltags 1.0.4.post11
# Expected: DICT_APRILTAG_36h11 is AprilTag's family, so generateImageMarker draws the tag that the library
#           calls id 5, and both find it upright.
# Seen:     both read id 5. OpenCV lists the corners from the top left, clockwise: (100, 100), (299, 100),
#           ...; pupil-apriltags from the top right, counter-clockwise: (299.9, 99.9), (99.9, 99.9), ..., and
#           its pose_R is diag(-1, -1, 1), where an upright tag has the identity.
# Matters:  tags printed by one tool and read by the other turn the object or the camera by 180 degrees about
#           the tag's normal; the residuals are perfect.
# Instead:  print and detect with one library, or R_opencv = R_pupil @ diag(-1, 1, -1) (OpenCV's tag frame has y up and
#           z out of the tag) and corners_opencv = corners_pupil[[1, 0, 3, 2]].
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==4.14.0.94 pupil-apriltags==1.0.4.post11 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import cv2
import numpy as np
from pupil_apriltags import Detector

dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
picture = np.full((400, 400), 255, np.uint8)
picture[100:300, 100:300] = cv2.aruco.generateImageMarker(dictionary, 5, 200)

corners, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(picture)
by_opencv = np.array(corners[0]).reshape(4, 2)
(tag,) = Detector(families="tag36h11").detect(
    picture, estimate_tag_pose=True, camera_params=(600, 600, 200, 200), tag_size=0.1
)

print("OpenCV", cv2.__version__, "- pupil-apriltags", version("pupil-apriltags"))
print("OpenCV:          id", int(np.ravel(ids)[0]), "corners", by_opencv.round(1).tolist())
print("pupil-apriltags: id", tag.tag_id, "corners", tag.corners.round(1).tolist())
print("expected: an upright tag: pose_R = identity")
print("seen:     pose_R =", tag.pose_R.round(2).tolist())
if tag.tag_id != int(np.ravel(ids)[0]):
    raise SystemExit("changed: they disagree about the id")
if not np.allclose(tag.pose_R, np.diag([-1, -1, 1]), atol=0.02):
    raise SystemExit("changed: the tag is upright for both")
if not np.allclose(tag.corners[[1, 0, 3, 2]], by_opencv, atol=1.5):
    raise SystemExit("changed: the corners are in another order")
print("holds: half a turn apart")
PY
