#!/usr/bin/env bash
# yourdfpy 0.0.60 reads mimic joints and writes the URDF without them: a gripper loaded and saved has fingers
# that move apart from each other.
#
# Package:  yourdfpy 0.0.60
# Expected: URDF.load(path).write_xml_file(other) keeps the model; load() itself honours mimic (the follower
#           is no actuated joint).
# Seen:     the written file has no mimic element; read again, it has the two actuated joints ["left",
#           "right"] instead of ["left"], and left = 0.03 leaves the right finger at 0.0 instead of -0.03.
# Matters:  the usual use is to change mesh paths or to fix a link and save; simulators and planners then get
#           one more degree of freedom and a free finger.
# Instead:  edit the XML (lxml) and leave yourdfpy for reading; compare actuated_joint_names after saving.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install yourdfpy==0.0.60 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile
from importlib.metadata import version

from yourdfpy import URDF

LIMIT = '<limit lower="0" upper="0.05" effort="1" velocity="1"/>'
ROBOT = f"""<robot name="gripper"><link name="hand"/><link name="l"/><link name="r"/>
<joint name="left" type="prismatic"><parent link="hand"/><child link="l"/><axis xyz="0 1 0"/>{LIMIT}</joint>
<joint name="right" type="prismatic"><parent link="hand"/><child link="r"/><axis xyz="0 -1 0"/>{LIMIT}
<mimic joint="left" multiplier="1" offset="0"/></joint></robot>"""


def describe(robot):
    robot.update_cfg({"left": 0.03})
    return list(robot.actuated_joint_names), float(robot.get_transform("r", "hand")[1, 3])


with tempfile.TemporaryDirectory() as folder:
    path, again = (os.path.join(folder, name) for name in ("gripper.urdf", "again.urdf"))
    with open(path, "w") as f:
        f.write(ROBOT)
    first = URDF.load(path)
    first.write_xml_file(again)
    expected, seen = describe(first), describe(URDF.load(again))
    with open(again) as f:
        kept = "mimic" in f.read()

print("yourdfpy", version("yourdfpy"))
print("expected: joints {}, right finger at {}".format(*expected))
print("seen:     joints {}, right finger at {}".format(*seen), "- mimic in the file:", kept)
if kept or seen == expected:
    raise SystemExit("changed: the mimic element is written")
if expected[0] != ["left"]:
    raise SystemExit("changed: it is no longer read either")
print("holds: read, but not written")
PY
