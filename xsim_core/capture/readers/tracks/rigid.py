"""Poses that were read are rigid transforms in metres, or are refused with the frame."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.rigid import METRES
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3

from .forms import Poses
from .spec import TrackSpec

Floats = NDArray[np.float64]

FARTHEST_M, NEAREST_M = 20.0, 0.02
"""No object that is filmed is farther, nor is the median one nearer."""
ROUNDED, BENT = 2e-3, 2e-2


def rigid_poses(poses: Poses, spec: TrackSpec, source: str, notes: list[str]) -> Floats:
    """(n, 4, 4) that map the object to the frame in metres; NaN where a frame has none.

    Args:
        poses: as read.
        spec: says unit and direction, where a person does.
        source: how the file is called in sentences.
        notes: receives what was mended or guessed.

    Raises:
        BadInputError: for mirrors, scales, shears, and lengths that are none.
    """
    T = poses.T.copy()
    known = np.isfinite(T).all(axis=(1, 2))
    if not known.any():
        raise BadInputError(f"{source} holds no pose that is finite")
    T[~known] = np.nan
    T[known] = by_rows(T[known], source, notes)
    T[known, :3, :3] = rotations(T[known, :3, :3], np.flatnonzero(known), source, notes)
    if spec.inverted:
        # Before the unit: an inverse in millimetres is one in metres, scaled.
        T[known] = inverse_se3(T[known])
    T[known, :3, 3] *= _unit_m(T[known, :3, 3], poses, spec, source, notes)
    is_far = known & (np.linalg.norm(T[:, :3, 3], axis=1) > FARTHEST_M)
    if is_far.any():
        # Trackers that have lost the object run away.
        T[is_far] = np.nan
        notes.append(
            f"{source}: {int(is_far.sum())} poses are farther than {FARTHEST_M:g} m (the first is "
            f"{int(np.argmax(is_far))}), left out"
        )
    return T


def by_rows(T: Floats, source: str, notes: list[str]) -> Floats:
    """Matrices (n, 4, 4) whose last row is 0 0 0 1; what was written by columns is turned."""
    last = np.array([0, 0, 0, 1.0])
    if np.allclose(T[:, 3], last, atol=1e-6):
        return T
    if np.allclose(T[:, :, 3], last, atol=1e-6):
        notes.append(f"{source} is written column by column: it was turned")
        return np.swapaxes(T, 1, 2)
    i = int(np.argmax(np.abs(T[:, 3] - last).max(axis=1)))
    raise BadInputError(f"{source}: the last row of pose {i} is {T[i, 3].tolist()}; it is 0 0 0 1")


def rotations(R: Floats, index: NDArray[np.int64], source: str, notes: list[str]) -> Floats:
    """The nearest rotations (n, 3, 3); mirrors, scales and shears are refused by their index."""
    det = np.linalg.det(R)
    scale = np.cbrt(np.abs(det))
    with np.errstate(divide="ignore", invalid="ignore"):
        square = R @ np.swapaxes(R, 1, 2) / (scale**2)[:, None, None]
    bent = np.nan_to_num(np.abs(square - np.eye(3)).max(axis=(1, 2)), nan=np.inf)
    if (bent > BENT).any():
        i = int(np.argmax(bent > BENT))
        raise BadInputError(
            f"{source}: pose {index[i]} is no rigid transform: its axes are {bent[i]:.2g} off "
            "being at right angles and of one length"
        )
    if (det < 0).any():
        i = int(np.argmax(det < 0))
        raise BadInputError(
            f"{source}: pose {index[i]} mirrors (determinant {det[i]:.2g}), as where a left-handed "
            "frame was exported. Export in a right-handed frame, or negate the axis that is wrong."
        )
    if (np.abs(scale - 1) > 0.01).any():
        i = int(np.argmax(np.abs(scale - 1) > 0.01))
        raise BadInputError(
            f"{source}: pose {index[i]} has a scale of {scale[i]:.4g} in its rotation. Divide its "
            "first three columns by that."
        )
    off = float(np.maximum(bent, np.abs(scale - 1)).max())
    if off > ROUNDED:
        notes.append(f"{source}: rotations are up to {off:.1g} off; the nearest ones are taken")
    U, _, Vt = np.linalg.svd(R)
    return U @ Vt


def _unit_m(t: Floats, poses: Poses, spec: TrackSpec, source: str, notes: list[str]) -> float:
    length = float(np.median(np.linalg.norm(t, axis=1)))
    if spec.unit is not None:
        unit_m = METRES[spec.unit]
    elif poses.unit_m is not None:
        unit_m = poses.unit_m
    else:
        unit_m = 1.0 if length <= FARTHEST_M else 1e-3
        if unit_m != 1:
            notes.append(f"{source}: translations of {length:.0f} are taken as millimetres")
    if NEAREST_M <= length * unit_m <= FARTHEST_M:
        return unit_m
    fits = [u for u, m in METRES.items() if NEAREST_M <= length * m <= FARTHEST_M]
    mend = f" It would fit with `unit: {fits[0]}` below `track:`." if fits else ""
    raise BadInputError(
        f"{source} ({poses.form}, in units of {unit_m:g} m) has the object {length * unit_m:.3g} m "
        f"away in the median, which no film shows.{mend}"
    )
