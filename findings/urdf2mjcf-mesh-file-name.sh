#!/usr/bin/env bash
# urdf2mjcf 0.2.39 tells meshes apart by their file name only: a link whose visual/hand.stl and collision/hand.stl
# differ gets one mesh for both.
#
# Package:  urdf2mjcf 0.2.39, mujoco 4.0.0
# Expected: two files are two meshes, as for MuJoCo's own URDF reader with strippath="false".
# Seen:     the first path met (the collision's) is used under both; of the visual mesh nothing is in the MJCF. A
#           second link with its own other/hand.stl gets the first link's mesh too: its collision shape has a
#           bounding radius of 0.173 m instead of 0.017 m. No warning, exit status 0.
# Matters:  visual/ and collision/ folders with the same file names are the layout of most ROS description
#           packages, and packages of a robot and its hand both have a base_link.stl: fine meshes collide, or one
#           link wears another's shape.
# Instead:  give every mesh file of the URDF a name of its own before converting; compare the number of meshes.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install urdf2mjcf==0.2.39 mujoco==4.0.0 trimesh==5.2.0 scipy==1.17.1 numpy==2.4.6 pydantic==2.14.3
"$python" - "$work" <<'PY'
import subprocess
import sys
from pathlib import Path

import mujoco
import trimesh

folder = Path(sys.argv[1])
HALF_DIAGONAL = 3**0.5 / 2
SIZES = {"visual": 0.3, "collision": 0.2, "other": 0.02}
for name, size in SIZES.items():
    (folder / name).mkdir()
    trimesh.creation.box([size] * 3).export(folder / name / "hand.stl")
MASS = '<inertial><origin xyz="0 0 0"/><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'


def shape(kind, path):
    return f'<{kind}><geometry><mesh filename="{path}/hand.stl"/></geometry></{kind}>'


(folder / "robot.urdf").write_text(
    f'<robot name="r"><link name="base">{MASS}<collision><geometry><box size="1 1 1"/></geometry></collision></link>'
    f'<link name="a">{MASS}{shape("visual", "visual")}{shape("collision", "collision")}</link>'
    f'<link name="b">{MASS}{shape("collision", "other")}</link>'
    '<joint name="j" type="continuous"><parent link="base"/><child link="a"/><axis xyz="0 0 1"/></joint>'
    '<joint name="k" type="continuous"><parent link="a"/><child link="b"/><axis xyz="0 0 1"/></joint></robot>'
)
command = [f"{sys.prefix}/bin/urdf2mjcf", str(folder / "robot.urdf"), "--output", str(folder / "robot.xml")]
subprocess.run(command, check=True, capture_output=True)
model = mujoco.MjModel.from_xml_path(str(folder / "robot.xml"))
names = {"a_visual": "visual", "a_collision": "collision", "b_collision": "other"}
expected = {name: round(SIZES[size] * HALF_DIAGONAL, 3) for name, size in names.items()}
seen = {name: round(float(model.geom_rbound[model.geom(name).id]), 3) for name in names}
print("expected: 3 meshes, bounding radii", expected)
print(f"seen:     {model.nmesh} mesh(es), bounding radii", seen)
if model.nmesh != 1 or set(seen.values()) != {expected["a_collision"]}:
    raise SystemExit("changed: the meshes are told apart, or others are taken")
print("holds: one mesh for three files")
PY
