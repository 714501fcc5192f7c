"""Smoothing a track on SE(3) and filling its gaps, flagged."""

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, so3_exp, so3_log
from xsim_core.geometry.arrays import Motion, Motions, PerFrame, Statuses, Times, Track, Values

from .config import SmoothingConfig
from .tracked_pose import INTERPOLATED, LOST, OCCLUDED, OK


def fill_gaps(
    T: Track, status: Statuses, timestamps_s: Times, *, max_gap_s: float
) -> tuple[Track, Statuses]:
    """Poses (t, 4, 4) with lost ones replaced along the geodesic between their neighbours.

    Frames between two known poses at most ``max_gap_s`` apart become interpolated; others
    stay lost and are interpolated, or held at the ends, all the same so that every pose is finite.

    Raises:
        BadInputError: when every frame is lost.
    """
    known = np.flatnonzero(np.isin(status, (OK, OCCLUDED)))
    if len(known) == 0:
        raise BadInputError("the object was lost in every frame; there is nothing to interpolate")
    T, status = np.array(T, np.float64), np.array(status, np.int8)
    for i in np.flatnonzero(~np.isin(status, (OK, OCCLUDED))):
        after = int(np.searchsorted(known, i))
        if after in (0, len(known)):
            T[i], status[i] = T[known[min(after, len(known) - 1)]], LOST
            continue
        a, b = known[after - 1], known[after]
        gap_s = timestamps_s[b] - timestamps_s[a]
        share = (timestamps_s[i] - timestamps_s[a]) / gap_s
        turn = so3_log(T[a, :3, :3].T @ T[b, :3, :3])
        T[i] = make_se3(
            T[a, :3, :3] @ so3_exp(share * turn), (1 - share) * T[a, :3, 3] + share * T[b, :3, 3]
        )
        status[i] = INTERPOLATED if gap_s <= max_gap_s else LOST
    return T, status


def smooth_poses(
    T: Track, weights: PerFrame, timestamps_s: Times, *, config: SmoothingConfig
) -> Track:
    """Smoothed poses (t, 4, 4).

    Around every frame a polynomial in time is fitted to positions and to the rotation vectors
    relative to that frame (Savitzky-Golay on the tangent space), weighted by ``weights`` (t,) and
    robustly: single outliers do not bend the track.
    """
    T, weights = np.asarray(T, np.float64), np.asarray(weights, np.float64)
    out = T.copy()
    for i, now in enumerate(timestamps_s):
        near = np.flatnonzero(np.abs(timestamps_s - now) <= config.half_window_s + 1e-9)
        near = near[weights[near] > 0]
        if len(near) < 3:
            continue
        turns = so3_log(T[i, :3, :3].T @ T[near, :3, :3])
        values = np.concatenate([T[near, :3, 3], turns], axis=-1)  # (n, 6)
        time = (timestamps_s[near] - now) / config.half_window_s
        centre = _robust_fit(time, values, weights[near], degree=min(config.degree, len(near) - 2))
        out[i] = make_se3(T[i, :3, :3] @ so3_exp(centre[3:]), centre[:3])
    return out


def _robust_fit(time: Values, values: Motions, weights: Values, *, degree: int) -> Motion:
    """Value (c,) at time 0 of a polynomial fitted to values (n, c), Tukey-reweighted."""
    basis = np.vander(time, degree + 1, increasing=True)
    tricube = np.clip(1 - np.abs(time * 0.9) ** 3, 0, None) ** 3
    weights, fitted = weights * tricube, np.zeros((degree + 1, values.shape[1]))
    # Start from the window's median: least squares would follow a far outlier first.
    size = _motion_size(values - np.median(values, axis=0))
    robust = 1 / (1 + (size / (3 * max(float(np.median(size)), 0.1))) ** 4)
    for _ in range(4):
        w = (weights * robust)[:, None]
        # The tiny ridge decides when few frames are left; it pulls slopes, not the value.
        ridge = np.diag([1e-12] + [1e-6] * degree) * w.sum()
        fitted = np.linalg.solve(basis.T @ (w * basis) + ridge, basis.T @ (w * values))
        size = _motion_size(values - basis @ fitted)
        scale = max(1.4826 * float(np.median(size)), 0.1)
        robust = np.clip(1 - (size / (6 * scale)) ** 2, 1e-3, None) ** 2
    return fitted[0]


def _motion_size(tangents: Motions) -> Values:
    """Length (n,) of motions (n, 6): 5 mm weigh as much as 0.05 rad."""
    shift, turn = tangents[:, :3], tangents[:, 3:]
    return np.hypot(np.linalg.norm(shift, axis=-1) / 0.005, np.linalg.norm(turn, axis=-1) / 0.05)
