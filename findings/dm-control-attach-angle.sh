#!/usr/bin/env bash
# dm_control 1.0.50's attach() silently changes the unit of every angle: joint limits of 90 degrees become 90 radians.
#
# Package:  dm_control 1.0.50, mujoco 4.0.0
# Expected: attaching one model to another keeps both (MuJoCo's own MjSpec.attach does, whatever unit each is
#           written in), or is refused: dm_control raises "Conflicting values for attribute `angle`" where both
#           models write a unit and the two differ.
# Seen:     where only one writes it, its unit is taken for both. A table in degrees (MJCF's default, so not
#           written) with a gripper in radians: the table's joint turns from -90 .. 90 degrees to -90 .. 90
#           radians and its euler="90 0 0" to 90 radians. The other way round, a gripper in degrees on a table in
#           radians, it is the gripper. No warning. eulerseq is merged the same way.
# Matters:  URDF exports and most published arms write angle="radian", hand-made scenes leave the default; the
#           joints of one are then without limits, its bodies turned, and a policy trains in that scene.
# Instead:  write compiler.angle and eulerseq in every model, so that a difference raises, or use MjSpec.attach.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install dm_control==1.0.50 mujoco==4.0.0 numpy==2.4.6
"$python" -W ignore - <<'PY'
import mujoco
import numpy as np
from dm_control import mjcf

DEGREES, RADIANS = ("", 90), ('<compiler angle="radian"/>', 1.5)


def model(name, angle):
    compiler, reach = angle
    return (
        f'<mujoco model="{name}">{compiler}<worldbody><site name="at"/><body name="link" euler="{reach} 0 0">'
        f'<geom size="0.1"/><joint name="joint" range="-{reach} {reach}"/></body></worldbody></mujoco>'
    )


def limits_and_turns(compiled):
    """Upper limit (rad) of both models' joint, and by how far (degrees) their body is turned."""
    joints, bodies = ([f"{prefix}{name}" for prefix in ("", "gripper/")] for name in ("joint", "link"))
    limits = [round(float(compiled.joint(name).range[1]), 3) for name in joints]
    angles = [2 * np.arccos(compiled.body(name).quat[0]) for name in bodies]
    return limits, np.degrees(angles).round(1).tolist()


def with_dm_control(first, second):
    root, other = (mjcf.from_xml_string(text) for text in (first, second))
    root.find("site", "at").attach(other)
    return limits_and_turns(mujoco.MjModel.from_xml_string(root.to_xml_string()))


def with_mujoco(first, second):
    root, other = (mujoco.MjSpec.from_string(text) for text in (first, second))
    root.attach(other, prefix="gripper/", site="at")
    return limits_and_turns(root.compile())


differs = {}
for name, (a, b) in {
    "degrees + radians": (DEGREES, RADIANS),
    "radians + degrees": (RADIANS, DEGREES),
    "degrees + degrees": (DEGREES, DEGREES),
}.items():
    texts = model("table", a), model("gripper", b)
    expected, seen = with_mujoco(*texts), with_dm_control(*texts)
    differs[name] = expected != seen
    print(f"{name}: upper limits (rad) and turns (degrees): expected {expected}, seen {seen}")

tables = [mjcf.RootElement(model="table"), mjcf.RootElement(model="gripper")]
tables[1].compiler.eulerseq = "ZYX"
tables[0].worldbody.add("site", name="at").attach(tables[1])
print("the table's eulerseq after attaching a gripper of ZYX:", tables[0].compiler.eulerseq)

tables = [mjcf.from_xml_string(model("table", RADIANS)), mjcf.RootElement(model="gripper")]
tables[1].compiler.angle = "degree"
try:
    tables[0].find("site", "at").attach(tables[1])
    raise SystemExit("changed: two units that are written are no longer refused")
except ValueError as error:
    print("both written:", error)
if differs != {"degrees + radians": True, "radians + degrees": True, "degrees + degrees": False}:
    raise SystemExit("changed: the units are kept")
print("holds: one unit for both")
PY
