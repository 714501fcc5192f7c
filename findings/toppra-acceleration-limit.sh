#!/usr/bin/env bash
# toppra 0.6.10's default trajectory breaks the acceleration limits it was given by 6 to 10 percent, and more
# grid points do not help.
#
# Package:  toppra 0.6.10
# Expected: TOPPRA([velocity, acceleration constraints], path).compute_trajectory() respects both constraints
#           to the tolerance of its grid.
# Seen:     a smooth path through four points, limits 1 rad/s and 2 rad/s2: peak accelerations 2.119 (default
#           grid), 2.191 (50 points) and 2.190 (200 points). With parametrizer="ParametrizeConstAccel" 2.001,
#           2.005 and 2.000, at the same durations.
# Matters:  robots with hard limits (Franka's reflexes, UR's protective stops) abort on trajectories that were
#           planned to the limit, and the constraint object looks like the culprit.
# Instead:  parametrizer="ParametrizeConstAccel", or sample the result and scale time.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install toppra==0.6.10 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
import logging
from importlib.metadata import version

import numpy as np
import toppra
from toppra.algorithm import TOPPRA
from toppra.constraint import JointAccelerationConstraint, JointVelocityConstraint

logging.disable(logging.CRITICAL)
points = np.array([[0, 0], [1, 0.5], [0.5, 1.5], [2, 2.0]])
path = toppra.SplineInterpolator(np.linspace(0, 1, 4), points)
limits = [
    JointVelocityConstraint(np.array([[-1, 1], [-1, 1.0]])),
    JointAccelerationConstraint(np.array([[-2, 2], [-2, 2.0]])),
]


def peak_acceleration(**options):
    trajectory = TOPPRA(limits, path, **options).compute_trajectory()
    return np.abs(trajectory(np.linspace(0, trajectory.duration, 5001), 2)).max()


print("toppra", version("toppra"), "- expected: at most 2.01 everywhere")
peaks = []
for name, grid in (("default grid", {}), ("50 points", {"gridpoints": np.linspace(0, 1, 50)}),
                   ("200 points", {"gridpoints": np.linspace(0, 1, 200)})):  # fmt: skip
    peaks.append(peak_acceleration(**grid))
    exact = peak_acceleration(parametrizer="ParametrizeConstAccel", **grid)
    print(f"seen: {name:12} {peaks[-1]:.3f}; with ParametrizeConstAccel {exact:.3f}")
if min(peaks) < 2.05:
    raise SystemExit("changed: the default keeps the limit now")
print("holds: above the limit, at every grid")
PY
