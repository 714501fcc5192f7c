#!/usr/bin/env bash
# Klampt 0.10.1 turns a URDF's inertia tensor the wrong way round: the inertial frame's rotation is applied inverted.
#
# Package:  Klampt 0.10.1.post1 (pinocchio 4.1.0 and MuJoCo 4.0.0 to compare)
# Expected: URDF: the inertia is given in the inertial frame, and <origin rpy> is that frame's orientation in the
#           link's: in the link's axes it is R I R^T. Pinocchio and MuJoCo answer that.
# Seen:     R^T I R. For diag(0.01, 0.02, 0.03) turned by 0.5 rad about z Ixy is +0.0042 where -0.0042 is right, and
#           Ixx and Iyy agree, so a glance at the diagonal shows nothing. rpy="0 0 0" is read as written.
# Matters:  URDFs that state principal moments turn them by rpy: mass matrix, Coriolis torques and simulation are then
#           of another robot, plausibly so.
# Instead:  write the tensor in the link's axes (rpy="0 0 0") before Klampt loads it.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install Klampt==0.10.1.post1 pin==4.1.0 mujoco==4.0.0 numpy==2.4.6
"$python" - "$work/robot.urdf" <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import mujoco
import numpy as np
import pinocchio
from klampt import WorldModel

path = Path(sys.argv[1])
YAW, PRINCIPAL = 0.5, np.diag([0.01, 0.02, 0.03])
INERTIA = " ".join(f'i{"xyz"[i]}{"xyz"[j]}="{PRINCIPAL[i, j]}"' for i in range(3) for j in range(i, 3))
path.write_text(f"""<robot name="r"><link name="base"/><link name="arm"><inertial>
<origin xyz="0 0 0" rpy="0 0 {YAW}"/><mass value="2"/><inertia {INERTIA}/></inertial></link>
<joint name="j" type="revolute"><origin xyz="0 0 0" rpy="0 0 0"/><parent link="base"/><child link="arm"/>
<axis xyz="1 0 0"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint></robot>""")


def by_klampt():
    world = WorldModel()
    world.readFile(str(path))
    return np.reshape(world.robot(0).link("arm").getMass().getInertia(), (3, 3))


def by_pinocchio():
    return pinocchio.buildModelFromUrdf(str(path)).inertias[1].inertia


def by_mujoco():
    body = mujoco.MjModel.from_xml_path(str(path)).body("arm")
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, body.iquat)
    return turn.reshape(3, 3) @ np.diag(body.inertia) @ turn.reshape(3, 3).T


s, c = np.sin(YAW), np.cos(YAW)
R = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
right, wrong = R @ PRINCIPAL @ R.T, R.T @ PRINCIPAL @ R
print("Klampt", version("Klampt"), "pinocchio", pinocchio.__version__, "MuJoCo", mujoco.__version__)
print("expected: ", right.round(4).tolist())
for read in (by_pinocchio, by_mujoco, by_klampt):
    print(f"{read.__name__}:", read().round(4).tolist())
if not np.allclose(by_pinocchio(), right, atol=1e-7) or not np.allclose(by_mujoco(), right, atol=1e-7):
    raise SystemExit("changed: pinocchio or MuJoCo reads it otherwise")
# Klampt keeps the tensor in the link's axes: getInertia of a link that is read with rpy="0 0 0" is what is written.
path.write_text(path.read_text().replace(f'rpy="0 0 {YAW}"', 'rpy="0 0 0"'))
if not np.allclose(by_klampt(), PRINCIPAL, atol=1e-7):
    raise SystemExit("changed: Klampt keeps the tensor in other axes")
path.write_text(path.read_text().replace('xyz="0 0 0" rpy="0 0 0"/><mass', f'xyz="0 0 0" rpy="0 0 {YAW}"/><mass'))
if not np.allclose(by_klampt(), wrong, atol=1e-7):
    raise SystemExit("changed: the tensor is turned the right way")
print("holds: the tensor is turned backwards")
PY
