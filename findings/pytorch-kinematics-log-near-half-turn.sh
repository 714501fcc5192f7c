#!/usr/bin/env bash
# pytorch_kinematics 0.10.0: within 0.4 degrees of half a turn the logarithm of a rotation shrinks to nothing, and the
# angle between a rotation and itself is 0.4 degrees.
#
# Package:  pytorch_kinematics 0.10.0, torch 2.14.1, numpy 2.4.6; float64
# Expected: so3_log_map(R) is the rotation vector of R; its docstring knows of a singularity "around (R=I)" only.
#           so3_relative_angle(R, R) is 0. matrix_to_axis_angle of the same package is right everywhere.
# Seen:     for rotations by 90 and 179 degrees the logarithm is as long; by 179.9 degrees it is 43.66, by 179.99 it is
#           4.43 degrees long, about any of 300 axes: the rotation that comes back is off by 136 and 176 degrees. The
#           angle between a rotation and itself is 0.405 degrees. float64; nothing is nan, nothing is said.
# Matters:  a tool that points straight down is half a turn from the base: pose errors, twists and averages through this
#           logarithm vanish there, as if the goal were reached; a success threshold below 0.4 degrees is never met.
# Instead:  matrix_to_axis_angle, or the quaternion; the angle between two rotations as the length of
#           matrix_to_axis_angle(R1.mT @ R2).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pytorch_kinematics==0.10.0 torch==2.14.1 numpy==2.4.6
"$python" - <<'PY'
import numpy as np
import pytorch_kinematics.transforms as pk
import torch

axes = torch.tensor(np.random.default_rng(0).normal(size=(300, 3)))
axes /= axes.norm(dim=1, keepdim=True)


def matrix(vectors):
    return pk.quaternion_to_matrix(pk.axis_angle_to_quaternion(vectors))


def between(R, S):
    """Degrees; of small angles too."""
    chord = torch.linalg.matrix_norm(R - S) / np.sqrt(8)
    return torch.rad2deg(2 * torch.asin(chord.clamp(max=1)))


def lengths(degrees):
    """Of the logarithm, least and most, in degrees; the worst round trip; that of the axis and angle."""
    R = matrix(axes * np.deg2rad(degrees))
    log = pk.so3_log_map(R)
    found = torch.rad2deg(log.norm(dim=1))
    back = between(matrix(log), R).max()
    other = between(matrix(pk.matrix_to_axis_angle(R)), R).max()
    return [round(float(x), 2) for x in (found.min(), found.max(), back, other)]


seen = {degrees: lengths(degrees) for degrees in (90.0, 179.0, 179.9, 179.99)}
for degrees, (low, high, back, other) in seen.items():
    print(f"{degrees} degrees: log {low} to {high}, off by {back}; matrix_to_axis_angle by {other}")
R = matrix(axes)
itself = float(torch.rad2deg(pk.so3_relative_angle(R, R)).max())
print(f"between a rotation and itself: {itself:.3f} degrees")
stated = {
    90.0: [90.0, 90.0, 0.0, 0.0],
    179.0: [179.0, 179.0, 0.0, 0.0],
    179.9: [43.66, 43.66, 136.24, 0.0],
    179.99: [4.43, 4.43, 175.56, 0.0],
}
close = all(np.allclose(seen[d], stated[d], atol=0.02) for d in stated)
if not close or abs(itself - 0.405) > 0.002:
    raise SystemExit(f"changed: {seen} {itself}")
print("holds: near half a turn the logarithm is not that of the rotation")
PY
