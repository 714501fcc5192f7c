#!/usr/bin/env bash
# OpenCV 4.14's calibrateHandEye ignores a method given in fifth place: every one of the five methods silently
# is Tsai's.
#
# Package:  opencv-python-headless 4.14.0.94
# Expected: calibrateHandEye(R_gripper2base, t_gripper2base, R_target2cam, t_target2cam, method), the C++
#           order without the two outputs, as one writes it from memory, uses that method or raises.
# Seen:     for ten noisy poses PARK, HORAUD, ANDREFF and DANIILIDIS all return Tsai's translation (0.0505631,
#           0.02122224, 0.10067717) in fifth place; as method=... PARK returns (0.05021041, 0.02094572,
#           0.10046001). The integer is taken for the output array R_cam2gripper.
# Matters:  tables that compare hand-eye methods find all five equal, and whoever switched away from Tsai did
#           not.
# Instead:  method=cv2.CALIB_HAND_EYE_PARK, by name.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install opencv-python-headless==4.14.0.94 numpy==2.4.6
"$python" - <<'PY'
import cv2
import numpy as np

rng = np.random.default_rng(1)


def pose(rotation_vector, translation):
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = cv2.Rodrigues(np.array(rotation_vector))[0], translation
    return T


T_gripper_cam = pose([0.1, 0.2, 1.0], [0.05, 0.02, 0.1])
T_base_target = pose([0.0, 0.0, 0.0], [0.5, 0.0, 0.0])
grippers, targets = [], []
for _ in range(10):
    T_base_gripper = pose(rng.normal(size=3), rng.normal(size=3) * 0.2)
    T_cam_target = np.linalg.inv(T_base_gripper @ T_gripper_cam) @ T_base_target
    T_cam_target[:3, 3] += rng.normal(size=3) * 0.002
    grippers.append(T_base_gripper)
    targets.append(T_cam_target)
inputs = [T[:3, :3] for T in grippers], [T[:3, 3] for T in grippers]
inputs += [T[:3, :3] for T in targets], [T[:3, 3] for T in targets]

print("OpenCV", cv2.__version__, "- expected: both columns equal in every line")
tsai = cv2.calibrateHandEye(*inputs, method=cv2.CALIB_HAND_EYE_TSAI)[1].ravel()
ignored = 0
for name in ("TSAI", "PARK", "HORAUD", "ANDREFF", "DANIILIDIS"):
    method = getattr(cv2, "CALIB_HAND_EYE_" + name)
    by_name = cv2.calibrateHandEye(*inputs, method=method)[1].ravel()
    in_fifth = cv2.calibrateHandEye(*inputs, method)[1].ravel()
    print(f"seen: {name:10} by name {by_name.round(5)}, in fifth place {in_fifth.round(5)}")
    ignored += np.allclose(in_fifth, tsai) and not np.allclose(by_name, tsai)
if ignored != 4:
    raise SystemExit("changed: the method counts now")
print("holds: the fifth argument is ignored")
PY
