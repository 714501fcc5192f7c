#!/usr/bin/env bash
# pinocchio 4.1.0 reads MJCF without the fixed base's pose and without every further root body: the arm stands
# at the origin and the object is gone.
#
# Package:  pin 4.1.0
# Expected: the base at (1, 2, 3) turned by 90 degrees, as MuJoCo places it, and a free object as a second
#           subtree; what a loader does not support it names.
# Seen:     the base is at (0, 0, 0) without rotation; of the bodies base, link and object (2 kg, free joint)
#           the model has base and link, nq = 1 instead of 8. No message.
# Matters:  forward kinematics, grasp poses and gravity terms are in another frame than the simulator's that
#           read the same file; a payload is missing from the dynamics.
# Instead:  compare body counts, total mass and one frame's pose with MuJoCo's after loading; apply the base's
#           pose yourself.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pin==4.1.0 numpy==2.4.6 mujoco==3.8.0
"$python" - <<'PY'
import os
import tempfile

import mujoco
import numpy as np
import pinocchio as pin

BOX = '<geom type="box" size=".1 .1 .1" mass="{}"/>'
SCENE = f"""<mujoco><worldbody>
<body name="base" pos="1 2 3" euler="0 0 90">{BOX.format(1)}
  <body name="link" pos="0 0 1"><joint name="j" axis="0 0 1"/>{BOX.format(1)}</body></body>
<body name="object" pos="5 0 0"><freejoint/>{BOX.format(2)}</body>
</worldbody></mujoco>"""
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "scene.xml")
    with open(path, "w") as f:
        f.write(SCENE)
    model = pin.buildModelFromMJCF(path)
    mj = mujoco.MjModel.from_xml_path(path)

data = model.createData()
pin.framesForwardKinematics(model, data, pin.neutral(model))
base = data.oMf[model.getFrameId("base")].translation
names = [frame.name for frame in model.frames]
mj_data = mujoco.MjData(mj)
mujoco.mj_forward(mj, mj_data)

print("pinocchio", pin.__version__, "- MuJoCo", mujoco.__version__)
print("expected: base at", mj_data.body("base").xpos, "- nq", mj.nq, "- object among the bodies: True")
print("seen:     base at", base, "- nq", model.nq, "- object among the frames:", "object" in names)
if np.allclose(base, [1, 2, 3]) and "object" in names:
    raise SystemExit("changed: pose and object are read now")
if not np.allclose(base, 0) or "object" in names or model.nq != 1:
    raise SystemExit("changed: one of the two is read now")
print("holds: another scene than the simulator's")
PY
