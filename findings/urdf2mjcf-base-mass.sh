#!/usr/bin/env bash
# urdf2mjcf 0.2.39 throws the base link's inertial element away: a base of 3 kg becomes one of 12 kg, guessed from
# its collision shape.
#
# Package:  urdf2mjcf 0.2.39, mujoco 4.0.0
# Expected: "Convert a URDF file to an MJCF file": every link has the mass, centre and inertia that the URDF gives
#           it, as the other links do and as MuJoCo's own URDF reader does; a joint without <axis> turns about x
#           (the format's page: it "defaults to (1,0,0)").
# Seen:     the base has a free joint and no <inertial>; MuJoCo then takes the collision shapes at 1000 kg/m3:
#           12.0 kg for 3 kg, inertia [0.1, 0.17, 0.25] for [0.2, 0.3, 0.4], the centre moved by 20 mm. Nothing
#           is said. A joint without <axis> turns about z, as MJCF's default does. <dynamics> and effort limits
#           are left out: damping 0.3 becomes 0.
# Matters:  the base is the heaviest link of a mobile manipulator or a legged robot; its balance, and a policy
#           trained on it, are for another robot.
# Instead:  let MuJoCo read the URDF (MjSpec.from_file) and add the free joint there, or put the element back;
#           compare masses, axes and damping of both files.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install urdf2mjcf==0.2.39 mujoco==4.0.0 trimesh==5.2.0 scipy==1.17.1 numpy==2.4.6 pydantic==2.14.3
cat > "$work/robot.urdf" <<'XML'
<robot name="robot">
<link name="base"><inertial><origin xyz="0.02 0 0.05"/><mass value="3"/>
<inertia ixx="0.2" iyy="0.3" izz="0.4" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><origin xyz="0 0 0.05"/><geometry><box size="0.4 0.3 0.1"/></geometry></collision></link>
<link name="arm"><inertial><origin xyz="0 0 0.1"/><mass value="1.5"/>
<inertia ixx="0.02" iyy="0.02" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0 0 0.1"/>
<limit lower="-1" upper="2" effort="7" velocity="3"/><dynamics damping="0.3" friction="0"/></joint>
</robot>
XML
"$work/venv/bin/urdf2mjcf" "$work/robot.urdf" --output "$work/robot.xml" > "$work/said" 2>&1
"$python" - "$work" <<'PY'
import sys
from pathlib import Path

import mujoco

folder = Path(sys.argv[1])


def describe(model):
    base, arm, joint = model.body("base"), model.body("arm"), model.joint("shoulder")
    return {
        "base": (float(base.mass[0]), base.inertia.round(3).tolist(), base.ipos.round(3).tolist()),
        "arm": (float(arm.mass[0]), arm.inertia.round(3).tolist()),
        "axis": joint.axis.tolist(),
        "damping": float(joint.damping[0]),
    }


spec = mujoco.MjSpec.from_file(str(folder / "robot.urdf"))
spec.compiler.fusestatic = False
expected = describe(spec.compile())
seen = describe(mujoco.MjModel.from_xml_path(str(folder / "robot.xml")))
said = (folder / "said").read_text()
print("expected:", expected)
print("seen:    ", seen)
print("said:    ", said.split("\n"))
if "inertia" in said or "mass" in said:
    raise SystemExit("changed: it is said")
if seen != {
    "base": (12.0, [0.1, 0.17, 0.25], [0.0, 0.0, 0.05]),
    "arm": expected["arm"],
    "axis": [0.0, 0.0, 1.0],
    "damping": 0.0,
}:
    raise SystemExit("changed: the base keeps what the URDF says, or is something else")
if expected["base"][0] != 3 or expected["axis"] != [1, 0, 0]:
    raise SystemExit("changed: MuJoCo's own reader differs")
print("holds: 12 kg for 3 kg")
PY
