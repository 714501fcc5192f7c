"""Pose errors of the field: ADD, ADD-S, MSSD, MSPD and the area under an accuracy curve."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.geometry import PinholeCamera, transform_points
from xsim_core.geometry.arrays import PerFrame, Points3, Track
from xsim_core.geometry.symmetry import turns_of
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

NUM_TURNS = 180


def add_m(T_est: Track, T_true: Track, points_object: Points3) -> PerFrame:
    """ADD (t,) in metres: mean distance of the mesh's points (n, 3) under two poses (t, 4, 4)."""
    difference = transform_points(T_est, points_object) - transform_points(T_true, points_object)
    return np.linalg.norm(difference, axis=-1).mean(-1)


def adds_m(T_est: Track, T_true: Track, points_object: Points3) -> PerFrame:
    """ADD-S (t,) in metres: mean distance of the true points to the *closest* estimated one.

    Hinterstoisser et al. (2012), as ADI in bop_toolkit: the other way round it is another number.
    """
    estimated = transform_points(T_est, points_object)
    true = transform_points(T_true, points_object)
    pairs = zip(estimated, true, strict=True)
    return np.array([cKDTree(found).query(sought)[0].mean() for found, sought in pairs])


def mssd_m(
    T_est: Track, T_true: Track, points_object: Points3, symmetry: ObjectSymmetry | None = None
) -> PerFrame:
    """MSSD (t,) in metres: the largest distance of any point, for the symmetry that suits best.

    Hodan et al., BOP Challenge 2020. A continuous symmetry counts as ``NUM_TURNS`` turns.
    """
    return _worst(
        transform_points(T_est, points_object),
        (transform_points(T, points_object) for T in _equal_poses(T_true, symmetry)),
    )


def mspd_px(
    T_est: Track,
    T_true: Track,
    points_object: Points3,
    camera: PinholeCamera,
    symmetry: ObjectSymmetry | None = None,
) -> PerFrame:
    """MSPD (t,) in pixels: the largest distance of any point's projection, as ``mssd_m`` in space.

    Hodan et al., BOP Challenge 2020. A point that an estimate puts at the camera or behind it has
    no projection, and the error is infinite; bop_toolkit projects it through the camera.
    """
    true = (transform_points(T, points_object) for T in _equal_poses(T_true, symmetry))
    estimated = camera.project(transform_points(T_est, points_object))
    return _worst(estimated, (camera.project(points) for points in true))


def _equal_poses(T_true: Track, symmetry: ObjectSymmetry | None) -> Iterator[Track]:
    """The true poses (t, 4, 4), turned as the object looks the same."""
    for turn in turns_of(symmetry or ObjectSymmetry(), num_turns=NUM_TURNS):
        yield T_true @ turn


def _worst(estimated: NDArray[np.floating], true: Iterable[NDArray[np.floating]]) -> PerFrame:
    """Farthest point (t,) of estimates (t, n, d), for the best of truths; NaN is infinity."""
    errors = [np.linalg.norm(estimated - t, axis=-1).max(-1) for t in true]
    return np.min(np.nan_to_num(errors, nan=np.inf), axis=0)


def auc(errors_m: NDArray[np.floating], *, limit_m: float = 0.1) -> float:
    """Area under the accuracy-threshold curve up to ``limit_m``, in percent (PoseCNN, 2018).

    The exact area: an error e adds ``max(0, 1 - e / limit)``; NaN counts as a miss.
    """
    errors_m = np.nan_to_num(np.asarray(errors_m, np.float64), nan=np.inf)
    if errors_m.size == 0:
        return 0.0
    return float(100 * np.clip(1 - errors_m / limit_m, 0, None).mean())
