#!/usr/bin/env bash
# evo 1.38.1 associates one pose with two of the other trajectory, and answers a trajectory that its own check refuses.
#
# Package:  evo 1.38.1
# Expected: TUM's associate.py, whose formats and measures evo takes up, uses each stamp once; and what
#           sync.associate_trajectories answers passes PoseTrajectory3D.check().
# Seen:     of 250 mocap stamps (25 Hz, up to 12 ms of jitter) and 300 of a camera at 30 Hz, 250 pairs with
#           245 different camera stamps; check() says "timestamps: wrong, not ascending or duplicates".
#           With equally many stamps the order of the arguments decides: 3 pairs or 4.
# Matters:  APE counts such poses twice; RPE over one frame compares a pose with itself, and speeds
#           divide by zero.
# Instead:  keep the nearest of each stamp's partners before anything is measured.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install evo==1.38.1 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from evo.core.sync import associate_trajectories
from evo.core.trajectory import PoseTrajectory3D


def trajectory(stamps):
    stamps = np.asarray(stamps, float)
    positions = np.column_stack([stamps, np.zeros((len(stamps), 2))])
    return PoseTrajectory3D(positions, np.tile([1.0, 0, 0, 0], (len(stamps), 1)), stamps)


print("evo", version("evo"))
rng = np.random.default_rng(0)
camera = trajectory(np.arange(300) / 30)
mocap = trajectory(np.sort(np.arange(250) / 25 + rng.uniform(0, 0.012, 250)))
assert camera.check()[0] and mocap.check()[0]
paired, _ = associate_trajectories(camera, mocap, max_diff=0.02)
different = len(set(paired.timestamps))
sound, told = paired.check()
print(f"seen:     {paired.num_poses} pairs with {different} different camera stamps; {told['timestamps']}")
print("expected: each stamp once, ascending")

few, many = trajectory([0, 0.1, 0.2, 0.3]), trajectory([0, 0.1, 0.105, 0.2])
counts = [associate_trajectories(*pair, max_diff=0.02)[0].num_poses for pair in ((many, few), (few, many))]
print(f"equally many stamps, either order: {counts[0]} and {counts[1]} pairs")
if sound or different >= paired.num_poses or counts != [3, 4]:
    raise SystemExit("changed: each stamp is used once, or the order no longer decides")
print("holds: a pose is used twice")
PY
