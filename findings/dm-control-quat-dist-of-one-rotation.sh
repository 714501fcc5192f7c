#!/usr/bin/env bash
# dm_control 1.0.50's quat_dist halves every angle, and finds two poses that are 1 degree apart 3.133 rad apart where
# one quaternion has the other sign.
#
# Package:  dm_control 1.0.50
# Expected: "Scalar representing the rotational distance from source to target": the angle between the two, pi / 2
#           for a quarter turn, the same for q and -q, which are one rotation (SciPy's (a.inv() * b).magnitude()).
# Seen:     |log(q1 * q2^-1)| of the quaternion: half the angle, by whichever way round the signs say: 0.785 for
#           90 degrees, 2.356 for the same where one has the other sign; 0.009 and 3.133 for 1 degree.
# Matters:  MuJoCo, motion capture and networks give either sign; a tracking reward exp(-quat_dist) or a threshold
#           takes the perfect pose for the worst there is, and half of a tolerance in radians is all that counts.
# Instead:  2 * np.arccos(min(1, abs(np.dot(q1, q2)))).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install dm_control==1.0.50 mujoco==4.0.0 numpy==2.4.6 scipy==1.17.1
"$python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
from dm_control.utils.transformations import quat_dist
from scipy.spatial.transform import Rotation

print("dm_control", version("dm_control"))
start = Rotation.from_euler("xyz", [10, 20, 30], degrees=True)
one = start.as_quat(scalar_first=True)
seen = {}
for degrees in (1, 90):
    angle = np.radians(degrees)
    other = (start * Rotation.from_rotvec([0, 0, angle])).as_quat(scalar_first=True)
    seen[degrees] = [float(quat_dist(one, sign * other)[0]) for sign in (1, -1)]
    same, opposite = seen[degrees]
    print(f"{degrees} degrees: expected {angle:.3f} twice, seen {same:.3f} and, other sign, {opposite:.3f}")
    if not np.allclose(seen[degrees], [angle / 2, np.pi - angle / 2], atol=1e-3):
        raise SystemExit("changed: the distance is another")
print("holds: half the angle, either way round")
PY
