#!/usr/bin/env bash
# robosuite 1.5.2's euler2mat(mat2euler(R)) is not R: one takes the angles about fixed axes, the other about
# moving ones.
#
# Package:  robosuite 1.5.2
# Expected: mat2euler and euler2mat, both documented as "(r,p,y) angles" and called without options, undo each
#           other.
# Seen:     for R = Rz(0.3) Ry(0.2) Rx(0.1), mat2euler gives (0.1, 0.2, 0.3) (fixed axes, "sxyz"), and
#           euler2mat of these gives Rx(0.1) Ry(0.2) Rz(0.3): 4.0 degrees away; (0.5, 0.6, 0.7) comes back
#           33.8 degrees away.
# Matters:  actions or demonstrations stored as Euler angles are replayed turned, by little for the small
#           angles one tests with.
# Instead:  mat2euler(R, axes="rxyz") before euler2mat, or rotation vectors (quat2axisangle, axisangle2quat).
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

import robosuite.utils.transform_utils as T
from scipy.spatial.transform import Rotation


def off_after(angles, **options):
    R = Rotation.from_euler("xyz", angles)
    again = Rotation.from_matrix(T.euler2mat(T.mat2euler(R.as_matrix(), **options)))
    return np.degrees((R.inv() * again).magnitude())


print("robosuite", version("robosuite"), "- expected: 0.0 degrees in every line")
for angles in ((0.1, 0.2, 0.3), (0.5, 0.6, 0.7)):
    print(f"seen: {angles}: {off_after(angles):.1f} degrees; with axes='rxyz' {off_after(angles, axes='rxyz'):.1f}")
if off_after((0.1, 0.2, 0.3)) < 1:
    raise SystemExit("changed: they undo each other now")
print("holds: there and back is another rotation")
PY
