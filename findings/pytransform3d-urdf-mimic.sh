#!/usr/bin/env bash
# pytransform3d 3.17.0 loads a URDF's mimic joint as a free joint that stays at zero: one finger of a gripper
# never moves.
#
# Package:  pytransform3d 3.17.0
# Expected: a joint with a mimic element follows its leader ("value = multiplier * other_joint_value +
#           offset", URDF); yourdfpy, urchin and scikit-robot do so, and the documentation of
#           pytransform3d.urdf does not name mimic as missing.
# Seen:     after set_joint("left", 0.04) the left finger is at y = 0.04 and the right one at y = 0.0, where
#           -0.04 is right; joint limits count as usual, no warning.
# Matters:  grasps are planned and drawn with a half-open gripper, hands with coupled finger joints have
#           straight fingertips.
# Instead:  set the followers yourself after each leader, or take the poses from yourdfpy.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pytransform3d==3.17.0 numpy==2.4.6 yourdfpy==0.0.60
"$python" - <<'PY'
import os
import tempfile
from importlib.metadata import version

from pytransform3d.urdf import UrdfTransformManager
from yourdfpy import URDF

LIMIT = '<limit lower="0" upper="0.05" effort="1" velocity="1"/>'
ROBOT = f"""<robot name="gripper"><link name="hand"/><link name="l"/><link name="r"/>
<joint name="left" type="prismatic"><parent link="hand"/><child link="l"/><axis xyz="0 1 0"/>{LIMIT}</joint>
<joint name="right" type="prismatic"><parent link="hand"/><child link="r"/><axis xyz="0 -1 0"/>{LIMIT}
<mimic joint="left" multiplier="1" offset="0"/></joint></robot>"""

manager = UrdfTransformManager()
manager.load_urdf(ROBOT)
manager.set_joint("left", 0.04)
left, right = (float(manager.get_transform(finger, "hand")[1, 3]) for finger in "lr")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "gripper.urdf")
    with open(path, "w") as f:
        f.write(ROBOT)
    peer = URDF.load(path)
peer.update_cfg({"left": 0.04})

print("pytransform3d", version("pytransform3d"))
print("expected: left 0.04, right -0.04 (yourdfpy:", float(peer.get_transform("r", "hand")[1, 3]), ")")
print(f"seen:     left {left}, right {right}")
if left != 0.04 or right != 0.0:
    raise SystemExit("changed: the follower moves now")
print("holds: the mimic element has no effect")
PY
