"""Poses of symmetric objects: which look the same, and which of them is meant."""

import numpy as np
from numpy.typing import NDArray

from .se3 import make_se3, rotation_angle, so3_exp
from .symmetry_spec import ObjectSymmetry, SymmetryAxis

Poses = NDArray[np.floating]


def turns_of(symmetry: ObjectSymmetry, *, num_turns: int = 1) -> Poses:
    """Transforms (n, 4, 4) of the object's frame after which it looks the same.

    The identity comes first. ``num_turns`` stand for each continuous symmetry.
    """
    discrete = np.array([np.eye(4), *symmetry.discrete], np.float64).reshape(-1, 4, 4)
    for axis in symmetry.continuous:
        angles = 2 * np.pi * np.arange(num_turns) / num_turns
        turns = _about(axis, angles)
        discrete = (discrete[:, None] @ turns).reshape(-1, 4, 4)
    return discrete


def nearest_equivalent(T: Poses, T_near: Poses, symmetry: ObjectSymmetry) -> Poses:
    """Of the poses (4, 4) that look like ``T``, the one that is turned least against ``T_near``."""
    if len(symmetry.continuous) > 1:
        return _as_turned(T, T_near, symmetry.continuous[0])
    candidates = T @ turns_of(symmetry)
    for axis in symmetry.continuous:
        a = np.asarray(axis.axis)
        M = T_near[:3, :3].T @ candidates[:, :3, :3]
        along = np.einsum("i,nij,j->n", a, M, a)
        # The trace of M Rot(a, angle) is largest here (Rodrigues).
        angle = np.arctan2(
            np.trace(M @ _hat(a), axis1=1, axis2=2), np.trace(M, axis1=1, axis2=2) - along
        )
        candidates = candidates @ _about(axis, angle)
    turned = rotation_angle(T_near[:3, :3], candidates[:, :3, :3])
    # The pose itself where another is no nearer: copies of it are told apart by rounding only.
    best = int(turned.argmin())
    return candidates[0 if turned[0] <= turned[best] + 1e-9 else best]


def made_continuous(T: Poses, use: NDArray[np.bool_], symmetry: ObjectSymmetry) -> Poses:
    """The track (t, 4, 4), each pose the equivalent that is nearest to the one before.

    Frames that ``use`` (t,) leaves out stay as they are, and nothing follows them.
    """
    out, last = T.copy(), -1
    for i in np.flatnonzero(use):
        if last >= 0:
            out[i] = nearest_equivalent(T[i], out[last], symmetry)
        last = int(i)
    return out


def _about(axis: SymmetryAxis, angles: NDArray[np.floating]) -> Poses:
    """Turns (n, 4, 4) about a line."""
    R = so3_exp(np.asarray(angles)[:, None] * np.asarray(axis.axis))
    offset = np.asarray(axis.offset)
    return make_se3(R, offset - R @ offset)


def _as_turned(T: Poses, T_near: Poses, through: SymmetryAxis) -> Poses:
    """A ball where it is, turned as the other."""
    centre = np.asarray(through.offset)
    R = T_near[:3, :3]
    return make_se3(R, T[:3, :3] @ centre + T[:3, 3] - R @ centre)


def _hat(a: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
