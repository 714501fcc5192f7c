#!/usr/bin/env bash
# pinocchio 4.1.0 loads a URDF's velocity limit v as lowerVelocityLimit = +v: clipping a zero command to both
# limits gives full speed.
#
# Package:  pin 4.1.0
# Expected: lowerVelocityLimit = -4 and upperVelocityLimit = +4 for velocity="4", as effort="3" gives
#           lowerEffortLimit = -3 and upperEffortLimit = +3.
# Seen:     lowerVelocityLimit = [4. 4.], upperVelocityLimit = [4. 4.]; np.clip(zeros, lower, upper) = [4.
#           4.].
# Matters:  the pair of fields replaces velocityLimit, so this is how ported controllers clip: an idle arm is
#           commanded to its maximal speed.
# Instead:  use model.upperVelocityLimit with both signs; check (lower <= upper) and lower <= 0 at start-up.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pin==4.1.0 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile

import numpy as np
import pinocchio as pin

MASS = '<inertial><mass value="1"/><inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/></inertial>'
LIMIT = '<limit lower="-1" upper="2" effort="3" velocity="4"/>'
ARM = f"""<robot name="arm"><link name="base"/><link name="a">{MASS}</link><link name="b">{MASS}</link>
<joint name="j1" type="revolute"><parent link="base"/><child link="a"/><axis xyz="0 0 1"/>{LIMIT}</joint>
<joint name="j2" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 0 1"/>{LIMIT}</joint></robot>"""
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "arm.urdf")
    with open(path, "w") as f:
        f.write(ARM)
    model = pin.buildModelFromUrdf(path)

lower, upper = model.lowerVelocityLimit, model.upperVelocityLimit
print("pinocchio", pin.__version__)
print("expected: velocity -4 to 4; effort", model.lowerEffortLimit, "to", model.upperEffortLimit)
print("seen:     velocity", lower, "to", upper)
print("          a zero command clipped to both:", np.clip(np.zeros(2), lower, upper))
if not (lower == 4).all():
    raise SystemExit("changed: the lower limit has its sign now")
print("holds: rest is outside the limits")
PY
