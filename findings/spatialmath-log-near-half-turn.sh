#!/usr/bin/env bash
# spatialmath-python 1.1.18: the logarithm of a rotation within a micro-radian of half a turn is off by degrees.
#
# Package:  spatialmath-python 1.1.18
# Expected: trlog(R) is the rotation vector of R: trexp(trlog(R)) gives R back to rounding, as SciPy's,
#           pinocchio's and jaxlie's do at every angle.
# Seen:     at pi - 1e-7 rad it comes back turned by 1.9 degrees in the median of 300 axes, 3.8 at most
#           (tr2angvec alike); at pi - 1e-6 by 0.008 and 0.05 degrees; from pi - 3e-8 on, where
#           another branch begins, it is exact.
# Matters:  tools that point straight down are half a turn from the base: interpolations, twists and
#           averages through the logarithm jump there, once in a while.
# Instead:  go through the quaternion (r2q is exact there), or scipy.spatial.transform.Rotation.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install spatialmath-python==1.1.18 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
import spatialmath.base as base
from scipy.spatial.transform import Rotation

print("spatialmath-python", version("spatialmath-python"))
rng = np.random.default_rng(0)
axes = rng.normal(size=(300, 3))
axes /= np.linalg.norm(axes, axis=1, keepdims=True)


def off_deg(log, gap):
    """By how much each rotation (300,) comes back turned."""
    off = []
    for axis in axes:
        R = Rotation.from_rotvec(axis * (np.pi - gap))
        off.append((R.inv() * Rotation.from_rotvec(log(R.as_matrix()))).magnitude())
    return np.rad2deg(off)


def by_angle_and_axis(R):
    angle, axis = base.tr2angvec(R)
    return angle * np.asarray(axis)


def by_quaternion(R):
    return Rotation.from_quat(base.r2q(R), scalar_first=True).as_rotvec()


seen = {}
for gap in (1e-3, 1e-6, 1e-7, 1e-8):
    for name, log in (
        ("trlog", lambda R: base.trlog(R, twist=True)),
        ("tr2angvec", by_angle_and_axis),
        ("r2q", by_quaternion),
    ):
        off = off_deg(log, gap)
        seen[name, gap] = np.median(off), off.max()
        print(f"pi - {gap:g}: {name} off by {np.median(off):.3g} deg in the median, {off.max():.3g} at most")
for name in ("trlog", "tr2angvec"):
    if not (1.0 < seen[name, 1e-7][0] < 3.0 and seen[name, 1e-7][1] > 3.0):
        raise SystemExit(f"changed: {name} is no longer degrees off")
    if max(seen[name, 1e-3][1], seen[name, 1e-8][1]) > 1e-4:
        raise SystemExit(f"changed: {name} is off elsewhere too")
if max(seen["r2q", gap][1] for gap in (1e-3, 1e-6, 1e-7, 1e-8)) > 1e-6:
    raise SystemExit("changed: r2q is off too")
print("holds: the logarithm loses the axis just before half a turn")
PY
