#!/usr/bin/env bash
# SAPIEN 3.0.3 follows a URDF mimic joint backwards: with multiplier 0.5 and offset 0.01 the follower goes to
# (q - 0.01) / 0.5.
#
# Package:  sapien 3.0.3
# Expected: URDF: "value = multiplier * other_joint_value + offset": with the leader at 0.02986 m the follower
#           is at 0.02493 m.
# Seen:     the follower is at 0.03972 m: leader = 0.5 * follower + 0.01 holds instead.
# Matters:  with multiplier 1 and offset 0, the usual parallel gripper, nothing is seen; coupled fingers of
#           dexterous hands (0.9, 1.13, ...) and grippers of unequal stroke close to wrong widths, in
#           ManiSkill too.
# Instead:  write 1 / multiplier and -offset / multiplier into the URDF for SAPIEN, or drive both joints;
#           check qpos after a few steps.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install sapien==3.0.3 numpy==2.4.6
"$python" - <<'PY'
import os
import tempfile

import numpy as np
import sapien

MASS = '<inertial><mass value="1"/><inertia ixx=".01" iyy=".01" izz=".01" ixy="0" ixz="0" iyz="0"/></inertial>'
LIMIT = '<limit lower="0" upper="0.2" effort="30" velocity="4"/>'
ROBOT = f"""<robot name="r"><link name="hand">{MASS}</link><link name="l">{MASS}</link><link name="r">{MASS}</link>
<joint name="leader" type="prismatic"><parent link="hand"/><child link="l"/><axis xyz="0 1 0"/>{LIMIT}</joint>
<joint name="follower" type="prismatic"><parent link="hand"/><child link="r"/><axis xyz="0 -1 0"/>{LIMIT}
<mimic joint="leader" multiplier="0.5" offset="0.01"/></joint></robot>"""

config = sapien.physx.PhysxSceneConfig()
config.gravity = np.zeros(3)
sapien.physx.set_scene_config(config)
scene = sapien.Scene([sapien.physx.PhysxCpuSystem()])
scene.set_timestep(1 / 500)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "hand.urdf")
    with open(path, "w") as f:
        f.write(ROBOT)
    loader = scene.create_urdf_loader()
    loader.fix_root_link = True
    robot = loader.load(path)
leader_joint = robot.find_joint_by_name("leader")
leader_joint.set_drive_properties(100, 10)
leader_joint.set_drive_target(0.03)
for _ in range(2000):
    scene.step()

leader, follower = (float(q) for q in robot.qpos)
print("sapien", sapien.__version__)
print(f"expected: follower at {0.5 * leader + 0.01:.5f} for a leader at {leader:.5f}")
print(f"seen:     follower at {follower:.5f}; (leader - 0.01) / 0.5 = {(leader - 0.01) / 0.5:.5f}")
if abs(follower - (leader - 0.01) / 0.5) > 1e-3:
    raise SystemExit("changed: no longer the inverse relation")
print("holds: the relation is inverted")
PY
