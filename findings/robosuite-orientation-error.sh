#!/usr/bin/env bash
# robosuite 1.5.2's orientation_error says "axis * angle" and returns axis * sin(angle): the arm's controllers
# see no error at all at half a turn.
#
# Package:  robosuite 1.5.2
# Expected: the docstring: "converting that rotation to exponential coordinates (axis-angle representation,
#           where the 3d vector is axis * angle)": 3.1 rad about z gives 3.1.
# Seen:     0.5, 1.5, 2.5, 3.1 and 3.1416 rad give 0.479, 0.997, 0.598, 0.042 and 0.000.
# Matters:  operational-space control (OSC_POSE) drives with it: past 90 degrees the torque falls as the error
#           grows, and a gripper that starts half a turn away stays there; rewards or logs built on it rank
#           3.1 rad as nearly solved.
# Instead:  scipy.spatial.transform.Rotation.from_matrix(desired @ current.T).as_rotvec(); keep goals within
#           90 degrees of the tool.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install --no-deps robosuite==1.5.2 numpy==2.3.5 scipy==1.17.1 numba==0.68.1 llvmlite==0.50.0 termcolor==3.3.0
"$python" - <<'PY'
import sys
import types
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np

# The package alone, without the simulator that its __init__ imports.
package = types.ModuleType("robosuite")
package.__path__ = list(find_spec("robosuite").submodule_search_locations)
sys.modules["robosuite"] = package

import scipy.spatial.transform as sst
from robosuite.utils.control_utils import orientation_error

print("robosuite", version("robosuite"))
seen = []
for angle in (0.5, 1.5, 2.5, 3.1, np.pi):
    desired = sst.Rotation.from_euler("z", angle).as_matrix()
    error = orientation_error(desired, np.eye(3))[2]
    print(f"expected: {angle:.4f}   seen: {error:.4f}")
    seen.append(error)
if abs(seen[3] - 3.1) < 0.1:
    raise SystemExit("changed: it is the angle now")
if not np.allclose(seen, np.sin([0.5, 1.5, 2.5, 3.1, np.pi]), atol=1e-6):
    raise SystemExit("changed: it is something else now")
print("holds: the sine of the angle")
PY
