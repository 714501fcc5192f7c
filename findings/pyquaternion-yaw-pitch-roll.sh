#!/usr/bin/env bash
# pyquaternion 0.9.9's yaw_pitch_roll says z-y'-x'' and answers x-y'-z'': not the yaw, pitch and roll of ROS,
# aviation or SciPy's "ZYX".
#
# Package:  pyquaternion 0.9.9
# Expected: "intrinsic Tait-Bryan angles following the z-y'-x'' convention" (its docstring) means R = Rz(yaw)
#           Ry(pitch) Rx(roll); built from (0.3, 0.2, 0.1), it answers (0.3, 0.2, 0.1).
# Seen:     (0.2858, 0.2201, 0.0379), which is SciPy's as_euler("XYZ") reversed; the same docstring's formula,
#           R_x R_y R_z, is the other convention.
# Matters:  for small angles the two agree to a degree or so, and a plot looks right; 30 degrees of pitch at
#           45 degrees of yaw read as 20.7 degrees of pitch and -22.2 of roll.
# Instead:  scipy.spatial.transform.Rotation.as_euler("ZYX"), or the formula written out.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pyquaternion==0.9.9 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from pyquaternion import Quaternion
from scipy.spatial.transform import Rotation

given = np.array([0.3, 0.2, 0.1])  # yaw, pitch, roll
truth = Rotation.from_euler("ZYX", given)
x, y, z, w = truth.as_quat()
seen = np.array(Quaternion(w, x, y, z).yaw_pitch_roll)

print("pyquaternion", version("pyquaternion"))
print("docstring:", Quaternion.yaw_pitch_roll.__doc__.strip().splitlines()[0])
print("expected:", given, "(yaw, pitch, roll)")
print("seen:    ", seen.round(4))
print("SciPy:    ZYX", truth.as_euler("ZYX").round(4), "- XYZ reversed", truth.as_euler("XYZ")[::-1].round(4))
if np.allclose(seen, given):
    raise SystemExit("changed: it is z-y'-x'' now")
if not np.allclose(seen, truth.as_euler("XYZ")[::-1]):
    raise SystemExit("changed: it is a third convention now")
print("holds: the angles belong to R = Rx(roll) Ry(pitch) Rz(yaw)")
PY
