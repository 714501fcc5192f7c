#!/usr/bin/env bash
# yourdfpy 0.0.60 and urchin 0.0.30 ignore the unit of a COLLADA mesh: a link drawn in millimetres is a thousand times
# as large as in RViz, Gazebo and PyBullet.
#
# Package:  yourdfpy 0.0.60, urchin 0.0.30, trimesh 5.2.0, pycollada 0.9.3
# Expected: <unit meter="0.001"/> says "how many real-world meters in one distance unit" (COLLADA 1.4); a URDF is in
#           metres, so the mesh's 100 units are 0.1 m, without a scale in the URDF. PyBullet 3.2.7 loads it so.
# Seen:     both give 100 m, as trimesh does, which notes the unit (geometry.units is "0.001 * meters") and leaves
#           converting to its caller: neither does. No warning. <unit meter="0.0254"/> likewise: 100 inches
#           are 100 m.
# Matters:  CAD and Blender export such files and most ROS packages have some; a scene's bounds, collision checks,
#           rendered masks and point clouds sampled from the robot are off by 1000, or by 25.4 for single links.
# Instead:  mesh.convert_units("meters") for every geometry whose units are not metres, or look at the scene's
#           extents; export glTF, which is always in metres.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install yourdfpy==0.0.60 urchin==0.0.30 trimesh==5.2.0 pycollada==0.9.3 numpy==2.4.6
cd "$work"
"$python" -W ignore - <<'PY'
from importlib.metadata import version

import urchin
from yourdfpy import URDF

SCHEMA = "http:" + "//www.collada.org/2005/11/COLLADASchema"
DAE = """<COLLADA xmlns="{schema}" version="1.4.1">
<asset><created>2026-01-01T00:00:00</created><modified>2026-01-01T00:00:00</modified>
<unit name="u" meter="{unit}"/><up_axis>Z_UP</up_axis></asset>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="a" count="12">0 0 0 100 0 0 0 100 0 0 0 100</float_array><technique_common>
<accessor source="#a" count="4" stride="3"><param name="X" type="float"/><param name="Y" type="float"/>
<param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="4"><input semantic="VERTEX" source="#v" offset="0"/><p>0 2 1 0 1 3 1 2 3 0 3 2</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n"><instance_geometry url="#g"/></node></visual_scene>
</library_visual_scenes><scene><instance_visual_scene url="#s"/></scene></COLLADA>"""
ROBOT = """<robot name="r"><link name="base"><visual><geometry><mesh filename="link.dae"/></geometry></visual>
</link></robot>"""

with open("robot.urdf", "w") as file:
    file.write(ROBOT)
print("yourdfpy", version("yourdfpy"), "- urchin", version("urchin"), "- pycollada", version("pycollada"))
for unit in (1, 0.001, 0.0254):
    with open("link.dae", "w") as file:
        file.write(DAE.format(unit=unit, schema=SCHEMA))
    first, second = URDF.load("robot.urdf"), urchin.URDF.load("robot.urdf")
    (geometry,) = first.scene.geometry.values()
    (mesh,) = second.links[0].visuals[0].geometry.meshes
    seen = float(first.scene.extents.max()), float(mesh.extents.max())
    print(f"unit {unit} m: expected {100 * unit:g} m, seen {seen[0]:g} and {seen[1]:g} m, units {geometry.units!r}")
    if seen != (100, 100):
        raise SystemExit("changed: the unit is honoured")
print("holds: units are taken for metres")
PY
