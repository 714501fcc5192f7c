#!/usr/bin/env bash
# pyquaternion 0.9.9's slerp negates its first argument in place: reading a path turns its key poses over.
#
# Package:  pyquaternion 0.9.9
# Expected: interpolating reads the two ends. The documentation warns of one effect alone: ends that are not of
#           unit length are normalised. SciPy's Slerp leaves its argument as it was.
# Seen:     q0 = (0.996, 0, 0, 0.087) is (-0.996, 0, 0, -0.087) after slerp(q0, q1, 0.5) where q0 . q1 < 0, and
#           intermediates() does it too. Of four key poses that are interpolated pair by pair two have changed
#           sign, and which ones depends on the order in which they were read.
# Matters:  the rotation is the same, its four numbers are not: a dataset that stores key poses after it has
#           resampled them holds jumps from q to -q, exactly in the places where the shorter way was taken,
#           and a network or a filter that sees components sees them.
# Instead:  hand over copies: Quaternion.slerp(Quaternion(q0), Quaternion(q1), t).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pyquaternion==0.9.9 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
from pyquaternion import Quaternion


def about_z(degrees, sign=1):
    return sign * Quaternion(axis=[0, 0, 1], degrees=degrees)


print("pyquaternion", version("pyquaternion"))
first, second = about_z(10), about_z(50, -1)
before = first.elements.copy()
middle = Quaternion.slerp(first, second, 0.5)
print("expected: the first end stays", before.round(3).tolist())
print("seen:     it is             ", first.elements.round(3).tolist(), "- halfway:", middle.degrees % 360)

keys = [about_z(0), about_z(20, -1), about_z(40), about_z(60)]
signs = [np.sign(key.w) for key in keys]
for one, other in zip(keys, keys[1:]):
    Quaternion.slerp(one, other, 0.3)
turned = [bool(np.sign(key.w) != sign) for key, sign in zip(keys, signs)]
print("key poses turned over after they were interpolated pair by pair:", turned)

again, end = about_z(10), about_z(50, -1)
list(Quaternion.intermediates(again, end, 2))
print("after intermediates():", again.elements.round(3).tolist())

if not np.array_equal(first.elements, -before) or not np.array_equal(again.elements, -before):
    raise SystemExit("changed: the first end stays as it was")
if turned != [True, True, False, False]:
    raise SystemExit("changed: other key poses are turned over, or none")
print("holds: the argument is negated in place")
PY
