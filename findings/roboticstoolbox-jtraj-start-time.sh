#!/usr/bin/env bash
# roboticstoolbox 1.5.0's jtraj is wrong for a time vector that does not begin at zero: the path starts near
# its goal.
#
# Package:  roboticstoolbox-python 1.5.0
# Expected: jtraj(0, 1, t) runs from 0 at t[0] to 1 at t[-1] ("t is a uniformly-spaced time vector"; a note says
#           that velocities and accelerations are scaled as if it began at zero, of positions it says nothing).
# Seen:     with t = linspace(5, 7, 11) it starts at 0.855 (not 0), and its peak speed is 0.178 (not 0.9375);
#           with t = linspace(0, 2, 11) it is right.
# Matters:  the second segment of a plan, or wall-clock stamps, are the natural time vector; the robot is told
#           to jump at once by 86 % of the motion.
# Instead:  jtraj(q0, q1, t - t[0]).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install roboticstoolbox-python==1.5.0 numpy==2.4.6
"$python" - <<'PY'
import warnings

warnings.filterwarnings("ignore")
from importlib.metadata import version

import numpy as np
import roboticstoolbox as rtb

print("roboticstoolbox-python", version("roboticstoolbox-python"))
print("expected: from 0 to 1, peak speed 1.875 / 2 s = 0.9375, in both lines")
starts = []
for t in (np.linspace(0, 2, 11), np.linspace(5, 7, 11)):
    path = rtb.jtraj([0.0], [1.0], t)
    q, speed = path.q.ravel(), path.qd.max()
    print(f"seen:     t from {t[0]:g} to {t[-1]:g} s: q from {q[0]:.3f} to {q[-1]:.3f}, peak {speed:.4f}")
    starts.append(q[0])
if abs(starts[0]) > 1e-9:
    raise SystemExit("changed: the case that was right is not")
if abs(starts[1]) < 0.5:
    raise SystemExit("changed: a late start is right now")
print("holds: the first waypoint of the late segment is nearly its goal")
PY
