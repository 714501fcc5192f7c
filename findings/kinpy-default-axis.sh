#!/usr/bin/env bash
# kinpy 0.6.1 and pytorch_kinematics 0.10.0 turn a URDF joint without <axis> about z, where URDF says x.
#
# Package:  kinpy 0.6.1, pytorch_kinematics 0.10.0 (torch 2.14.1)
# Expected: URDF: "axis (optional: defaults to (1,0,0))"; pinocchio, MuJoCo, SAPIEN, yourdfpy, urchin,
#           pytransform3d and ikpy do so: at 0.7 rad the child's y axis is (0, cos 0.7, sin 0.7).
# Seen:     both give (-sin 0.7, cos 0.7, 0), for revolute and continuous joints; a prismatic joint moves
#           along z. No warning.
# Matters:  exporters leave out what is the default; forward kinematics, Jacobians and an inverse
#           kinematics that is differentiated through them are of another robot.
# Instead:  write <axis xyz="1 0 0"/> into the URDF before it is loaded.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install kinpy==0.6.1 pytorch_kinematics==0.10.0 numpy==2.4.6 torch==2.14.1
"$python" - <<'PY'
from importlib.metadata import version

import kinpy
import numpy as np
import pytorch_kinematics
import torch

Q = 0.7
JOINT = '<joint name="j" type="{}"><parent link="a"/><child link="b"/>{}</joint>'
LIMIT = '<limit lower="-3" upper="3" effort="1" velocity="1"/>'


def robot(kind):
    joint = JOINT.format(kind, "" if kind == "continuous" else LIMIT)
    return f'<robot name="r"><link name="a"/><link name="b"/>{joint}</robot>'.encode()


def by_kinpy(urdf):
    return kinpy.build_chain_from_urdf(urdf).forward_kinematics({"j": Q})["b"].matrix()


def by_pytorch_kinematics(urdf):
    chain = pytorch_kinematics.build_chain_from_urdf(urdf).to(dtype=torch.float64)
    return chain.forward_kinematics({"j": Q})["b"].get_matrix()[0].numpy()


s, c = np.sin(Q), np.cos(Q)
about_x = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
print("kinpy", version("kinpy"), "pytorch_kinematics", version("pytorch_kinematics"))
for read in (by_kinpy, by_pytorch_kinematics):
    for kind in ("revolute", "continuous"):
        R = read(robot(kind))[:3, :3]
        print(f"{read.__name__}, {kind}: y axis {R[:, 1].round(4)}, expected {about_x[:, 1].round(4)}")
        if not np.allclose(R, about_z, atol=1e-6):
            raise SystemExit("changed: it no longer turns about z")
    moved = read(robot("prismatic"))[:3, 3]
    print(f"{read.__name__}, prismatic: moved by {moved.round(4)}, expected [{Q} 0 0]")
    if not np.allclose(moved, [0, 0, Q], atol=1e-6):
        raise SystemExit("changed: it no longer moves along z")
print("holds: the default axis is z")
PY
