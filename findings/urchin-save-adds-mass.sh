#!/usr/bin/env bash
# urchin 0.0.30 gives every link without an inertial element 1 kg and 1 kg m2 when it saves a URDF: frames
# become heavy bodies.
#
# Package:  urchin 0.0.30
# Expected: URDF.load(path).save(other) keeps what is there; a link without inertial (a camera frame, a tool
#           centre point, the base) has no mass, as the URDF specification allows.
# Seen:     base, camera and tool come back with <mass value="1.0"/> and <inertia ixx="1.0" iyy="1.0"
#           izz="1.0"/>: an arm of 2 kg has become one of 5 kg.
# Matters:  physics engines then carry the extra kilogram at the tool, gravity compensation and tuned gains
#           are wrong, and the geometry looks untouched.
# Instead:  edit the XML (lxml) and leave urchin for reading, or delete inertials that were not in the source.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install urchin==0.0.30 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile
import xml.etree.ElementTree as ET
from importlib.metadata import version

from urchin import URDF

ROBOT = """<robot name="arm"><link name="base"/><link name="arm"><inertial><mass value="2"/>
<inertia ixx=".1" ixy="0" ixz="0" iyy=".1" iyz="0" izz=".1"/></inertial></link><link name="camera"/><link name="tool"/>
<joint name="j" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
<joint name="c" type="fixed"><parent link="arm"/><child link="camera"/></joint>
<joint name="t" type="fixed"><parent link="arm"/><child link="tool"/></joint></robot>"""


def masses(path):
    links = ET.parse(path).getroot().findall("link")
    found = {link.get("name"): link.find("inertial/mass") for link in links}
    return {name: float(mass.get("value")) for name, mass in found.items() if mass is not None}


with tempfile.TemporaryDirectory() as folder:
    path, again = (os.path.join(folder, name) for name in ("arm.urdf", "again.urdf"))
    with open(path, "w") as f:
        f.write(ROBOT)
    URDF.load(path).save(again)
    expected, seen = masses(path), masses(again)

print("urchin", version("urchin"))
print("expected:", expected, "- together", sum(expected.values()), "kg")
print("seen:    ", seen, "- together", sum(seen.values()), "kg")
if seen == expected:
    raise SystemExit("changed: masses are kept")
print("holds: one kilogram for every frame")
PY
