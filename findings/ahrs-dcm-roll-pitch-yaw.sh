#!/usr/bin/env bash
# AHRS 0.4.0's DCM(rpy=a).to_rpy() is not a, and Quaternion(rpy=a) is another rotation than DCM(rpy=a).
#
# Package:  AHRS 0.4.0
# Expected: one convention for roll, pitch, yaw: DCM takes "rpy: array with roll->pitch->yaw angles", to_rpy
#           returns "roll-pitch-yaw angles", and Quaternion(rpy=...) describes the same rotation.
# Seen:     for a = (0.1, 0.2, 0.3), DCM(rpy=a).to_rpy() is (-0.2857717, -0.22012403, -0.03787988). DCM reads
#           a as yaw, pitch, roll; to_rpy answers the transpose's angles; Quaternion(rpy=a) reads roll, pitch,
#           yaw and comes back as it went in. DCM and Quaternion differ by 0.309 rad.
#           In ahrs.common.orientation, dcm2quat(q2R(q)) is the conjugate of q.
# Matters:  IMU code mixes both classes; attitudes are swapped and of the wrong sign, and near level flight it
#           hardly shows.
# Instead:  go through Quaternion(rpy=...).to_DCM() and Quaternion(dcm=...).to_angles(), or SciPy's Rotation.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install ahrs==0.4.0 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from ahrs import DCM, Quaternion
from ahrs.common.orientation import dcm2quat, q2R

a = np.array([0.1, 0.2, 0.3])
matrix = np.array(DCM(rpy=a))
back = DCM(matrix).to_rpy()
q = Quaternion(rpy=a)
other = q.to_DCM()
angle = np.arccos((np.trace(matrix.T @ other) - 1) / 2)

print("AHRS", version("ahrs"))
print("expected: to_rpy() =", a, "and 0 rad between DCM(rpy=a) and Quaternion(rpy=a)")
print("seen:     to_rpy() =", back, f"and {angle:.3f} rad")
print("          Quaternion(rpy=a).to_angles() =", q.to_angles())
print("          q =", np.array(q).round(3), "- dcm2quat(q2R(q)) =", dcm2quat(q2R(np.array(q))).round(3))
if np.allclose(back, a) or angle < 1e-6:
    raise SystemExit("changed: the conventions agree now")
print("holds: three readings of roll, pitch and yaw in one package")
PY
