"""Pose errors of the field: ADD, ADD-S and the area under their accuracy curve."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.geometry import transform_points
from xsim_core.geometry.arrays import PerFrame, Points3, Track
from xsim_core.geometry.symmetry import turns_of
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

NUM_TURNS = 180


def add_m(T_est: Track, T_true: Track, points_object: Points3) -> PerFrame:
    """ADD (t,) in metres: mean distance of the mesh's points (n, 3) under two poses (t, 4, 4)."""
    difference = transform_points(T_est, points_object) - transform_points(T_true, points_object)
    return np.linalg.norm(difference, axis=-1).mean(-1)


def adds_m(T_est: Track, T_true: Track, points_object: Points3) -> PerFrame:
    """ADD-S (t,) in metres: mean distance to the *closest* point, for symmetric objects."""
    estimated = transform_points(T_est, points_object)
    true = transform_points(T_true, points_object)
    pairs = zip(estimated, true, strict=True)
    return np.array([cKDTree(b).query(a)[0].mean() for a, b in pairs])


def mssd_m(
    T_est: Track, T_true: Track, points_object: Points3, symmetry: ObjectSymmetry | None = None
) -> PerFrame:
    """MSSD (t,) in metres: the largest distance of any point, for the symmetry that suits best.

    Hodan et al., BOP Challenge 2020. A continuous symmetry counts as ``NUM_TURNS`` turns.
    """
    turns = turns_of(symmetry or ObjectSymmetry(), num_turns=NUM_TURNS)
    estimated = transform_points(T_est, points_object)
    errors = [
        np.linalg.norm(estimated - transform_points(T_true @ turn, points_object), axis=-1).max(-1)
        for turn in turns
    ]
    return np.min(errors, axis=0)


def auc(errors_m: NDArray[np.floating], *, limit_m: float = 0.1) -> float:
    """Area under the accuracy-threshold curve up to ``limit_m``, in percent (PoseCNN, 2018).

    The exact area: an error e adds ``max(0, 1 - e / limit)``; NaN counts as a miss.
    """
    errors_m = np.nan_to_num(np.asarray(errors_m, np.float64), nan=np.inf)
    if errors_m.size == 0:
        return 0.0
    return float(100 * np.clip(1 - errors_m / limit_m, 0, None).mean())
