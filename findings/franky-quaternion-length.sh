#!/usr/bin/env bash
# franky-control 2.0.0's Affine takes a quaternion that is not of unit length for a shear: the matrix is no rotation,
# and the quaternion that it gives back is another turn.
#
# Package:  franky-control 2.0.0, numpy 2.4.6, scipy 1.16.3
# Expected: "a translation [m] and a rotation quaternion in [x, y, z, w] format" is normalised, as SciPy's
#           Rotation.from_quat does ("Each quaternion will be normalized to unit norm"), or refused.
# Seen:     [0, 0, 1, 1], a quarter turn about z, becomes a matrix whose rows have length 2.236 and that turns by 116.6
#           degrees; .quaternion says 116.6 degrees too. Without a word: neither "rigid 3D transformation" holds.
# Matters:  quaternions that were added up, averaged, filtered or read from text are of any length. A target pose
#           built of one sends the arm's hand to another orientation, and poses multiplied by it to other places.
# Instead:  normalise first, or hand over a 4x4 matrix.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install franky-control==2.0.0 numpy==2.4.6 scipy==1.16.3
"$python" -P - <<'PY'
from importlib.metadata import version

import franky
import numpy as np
from scipy.spatial.transform import Rotation


def degrees(quat_xyzw):
    return float(np.degrees(np.linalg.norm(Rotation.from_quat(quat_xyzw).as_rotvec())))


quarter = np.array([0.0, 0.0, 1.0, 1.0])
unit = franky.Affine([0, 0, 0], quarter / np.linalg.norm(quarter))
longer = franky.Affine([0, 0, 0], quarter)
row = float(np.linalg.norm(longer.matrix[0, :3]))
seen = [round(degrees(a.quaternion), 1) for a in (unit, longer)]
place = (longer * franky.Affine([0.4, 0, 0])).translation.round(3).tolist()
print("franky-control", version("franky-control"))
print(f"expected: {degrees(quarter):.1f} degrees of both, rows of length 1, (0.4, 0, 0) goes to (0, 0.4, 0)")
print(f"seen:     {seen} degrees, a row of length {row:.3f}, (0.4, 0, 0) goes to {place}")
if seen != [90.0, 116.6] or abs(row - 5**0.5) > 1e-9 or place != [-0.4, 0.8, 0.0]:
    raise SystemExit("changed: a quaternion of another length is taken otherwise")
print("holds: length becomes angle and size")
PY
