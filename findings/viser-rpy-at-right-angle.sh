#!/usr/bin/env bash
# viser 1.1.1's SO3.as_rpy_radians is another rotation, or NaN, for whatever points straight up or down.
#
# Package:  viser 1.1.1 (viser.transforms)
# Expected: roll, pitch and yaw that make the rotation again: "Computes roll, pitch, and yaw angles" is the inverse
#           of SO3.from_rpy_radians. Where pitch is a right angle many do, and SciPy picks one (and warns).
# Seen:     of 1 000 rotations from_rpy_radians(roll, pi / 2, yaw), 186 have a pitch of NaN (arcsin of 1 + 2e-16;
#           NumPy warns), and the others come back as rotations that are 0.58 rad away (median; the largest
#           3.1 rad): roll and yaw are the angle of (0, 0) plus rounding. A pitch 1e-7 short of it is right to 1e-8.
# Matters:  a gripper that points down, a camera that looks down and a wrist at rest stand exactly there; what is
#           written into a slider, a URDF or a robot's set_position is somewhere else.
# Instead:  scipy.spatial.transform.Rotation.from_matrix(R.as_matrix()).as_euler("xyz").
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install viser==1.1.1 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
import warnings

import numpy as np
import viser
import viser.transforms as vt
from scipy.spatial.transform import Rotation


def apart(R, angles):
    """Angle between a rotation and the one that these roll, pitch and yaw make."""
    return float(np.linalg.norm((R.inverse() @ vt.SO3.from_rpy_radians(*angles)).log()))


warnings.simplefilter("ignore")
rng, nan, wrong, peer, short = np.random.default_rng(0), 0, [], [], []
for roll, yaw in rng.uniform(-3, 3, (1000, 2)):
    R = vt.SO3.from_rpy_radians(roll, np.pi / 2, yaw)
    angles = R.as_rpy_radians()
    if np.isnan(angles.pitch):
        nan += 1
    else:
        wrong.append(apart(R, angles))
    peer.append(apart(R, Rotation.from_matrix(R.as_matrix()).as_euler("xyz")))
    near = vt.SO3.from_rpy_radians(roll, np.pi / 2 - 1e-7, yaw)
    short.append(apart(near, near.as_rpy_radians()))

print("viser", viser.__version__)
print(f"pitch is NaN in {nan} of 1000; else off by {np.median(wrong):.2f} rad (largest {max(wrong):.1f})")
print(f"SciPy's angles of the same: off by {max(peer):.0e}; viser's 1e-7 rad short of it: {max(short):.0e}")
if max(peer) > 1e-6 or max(short) > 1e-6:
    raise SystemExit("changed: the comparison itself is off")
if nan == 0:
    raise SystemExit("changed: no pitch is NaN")
if np.median(wrong) < 0.1:
    raise SystemExit("changed: the rotation comes back")
print("holds: what points straight down comes back as another rotation, or as none")
PY
