#!/usr/bin/env bash
# SAPIEN 3.0.3's URDF loader ignores fix_root_link for a model of one link: a table that is to stand falls.
#
# Package:  sapien 3.0.3
# Expected: "fix_root_link" fixes the root, as it does for a model of two links with a fixed joint: after a
#           second under gravity it is where it was.
# Seen:     load() refuses the model of one link ("contains multiple objects, call load_multiple instead");
#           load_multiple() makes a dynamic entity of it that has fallen 4.91 m after a second, without a
#           warning; of two links 0.00 m.
# Matters:  scenery exported as one link (tables, shelves, rooms) drops out of the world beneath the robot.
# Instead:  put the link below an empty one by a fixed joint, or build the entity with build_static().
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install sapien==3.0.3 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile
from importlib.metadata import version

import sapien

BOX = '<geometry><box size="0.2 0.2 0.2"/></geometry>'
LINK = f'<link name="table"><collision>{BOX}</collision></link>'
ONE = f'<robot name="one">{LINK}</robot>'
TWO = (
    f'<robot name="two"><link name="world"/>{LINK}<joint name="j" type="fixed">'
    '<parent link="world"/><child link="table"/></joint></robot>'
)


def fallen(urdf):
    """By how many metres in a second, and whether load() took it for several objects."""
    scene = sapien.Scene([sapien.physx.PhysxCpuSystem()])
    scene.set_timestep(1 / 500)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.urdf")
        with open(path, "w") as f:
            f.write(urdf)
        loader = scene.create_urdf_loader()
        loader.fix_root_link = True
        try:
            loader.load(path)
            refused = False
        except Exception as error:
            refused = "multiple objects" in str(error)
            loader.load_multiple(path)
    (table,) = (entity for entity in scene.entities if entity.name == "table")
    start = table.pose.p[2]
    for _ in range(500):
        scene.step()
    return float(start - table.pose.p[2]), refused


print("sapien", version("sapien"))
(one, one_refused), (two, two_refused) = fallen(ONE), fallen(TWO)
print(f"expected: both stay\nseen:     one link fell {one:.2f} m, two links {two:.2f} m")
print(f"load() says 'multiple objects': of one link {one_refused}, of two {two_refused}")
if not (one > 4 and abs(two) < 1e-3 and one_refused and not two_refused):
    raise SystemExit("changed: the model of one link stays, or that of two falls")
print("holds: a model of one link is not fixed")
PY
