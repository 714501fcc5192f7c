"""Hand-eye calibration that bears wrong poses: consensus, closed form, refinement, residuals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from xsim_core.errors import QualityGateError
from xsim_core.geometry import inverse_se3, make_se3, so3_exp, so3_log

from .closed_form import half_turns, park_martin, spread_of_axes_rad

Floats = NDArray[np.float64]

MIN_POSES = 4
MIN_SPREAD_RAD = np.deg2rad(5)
"""About a second axis; with less, the camera's place along the first is not determined."""
SIGMA_RAD, SIGMA_M = np.deg2rad(0.15), 0.002
"""An arm's errors of orientation and of place, an axis: as those left over on a real UR5."""
NUM_TRIPLES = 80
FLOOR_RAD, FLOOR_M = np.deg2rad(1.0), 0.015
"""No pose is left out that fits within these: what an arm errs by itself is averaged, not cut (with
half of that, draws of ten of a UR5's poses came out 8 mm off instead of 5)."""
TIMES_MEDIAN = 3.5
MAX_LEFT_OUT = 0.4
MAX_RAD, MAX_M = np.deg2rad(2.0), 0.02
"""Gates on the root mean square of what is left over."""


@dataclass(frozen=True)
class HandEye:
    """Where the camera is, and how well the poses agree on it."""

    T_hand_cam: Floats
    """(4, 4); of a camera that stands still: its pose in the robot's base."""
    T_a_board: Floats
    """(4, 4) of the board in the base; of a camera that stands still: on the hand."""
    is_used: NDArray[np.bool_]
    """(n,): false for poses that do not fit the others."""
    is_turned: NDArray[np.bool_]
    """(n,): pictures whose board was taken for the other half turn."""
    error_m: Floats
    """(n,): by how much each pose's camera misses the place where the board says it is."""
    error_rad: Floats
    """(n,)."""

    @property
    def rms_mm(self) -> float:
        """Over the poses that were used."""
        return 1000 * float(np.sqrt(np.mean(self.error_m[self.is_used] ** 2)))

    @property
    def rms_deg(self) -> float:
        """Over the poses that were used."""
        return float(np.rad2deg(np.sqrt(np.mean(self.error_rad[self.is_used] ** 2))))


def solve_hand_eye(
    T_base_hand: Floats,
    T_cam_board: Floats,
    *,
    is_fixed: bool = False,
    T_half: Floats | None = None,
    seed: int = 0,
) -> HandEye:
    """The camera on the hand (or standing still), from n pictures of a board.

    Args:
        T_base_hand: (n, 4, 4), the robot's poses.
        T_cam_board: (n, 4, 4), the board in each picture.
        is_fixed: the camera stands still and the board is on the hand.
        T_half: (4, 4), the half turn by which the board looks the same, if it does.
        seed: of the search for poses that agree.

    Raises:
        QualityGateError: too few poses, motions about one axis, or poses that do not agree.
    """
    H = inverse_se3(T_base_hand) if is_fixed else np.asarray(T_base_hand, float)
    if len(H) < MIN_POSES:
        raise QualityGateError(
            f"{len(H)} pictures have both a board and a robot pose; a calibration needs "
            f"{MIN_POSES}, and 15 or more are good"
        )
    if (spread := spread_of_axes_rad(H)) < MIN_SPREAD_RAD:
        raise QualityGateError(
            f"the hand turned by only {np.rad2deg(spread):.1f}° about a second axis, which leaves "
            "the camera's place open: tilt it by 20° and more about two axes between pictures"
        )
    C = np.asarray(T_cam_board, float)
    turned = np.zeros(len(H), bool)
    if T_half is not None:
        turned = half_turns(H, C, T_half)
        C = np.where(turned[:, None, None], C @ T_half, C)
    X, Z, used = _agreed(H, C, np.random.default_rng(seed))
    if T_half is not None:  # What still looks wrong may only be turned.
        again = _misfit(X, Z, H, C @ T_half) < _misfit(X, Z, H, C)
        turned, C = turned ^ again, np.where(again[:, None, None], C @ T_half, C)
        if again.any():
            X, Z, used = _agreed(H, C, np.random.default_rng(seed))
    X, Z = _refined(X, Z, H[used], C[used])
    made = HandEye(X, Z, used, turned, *_errors(X, Z, H, C))
    _check(made)
    return made


def _agreed(
    H: Floats, C: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The camera, the board and the poses (n,) that agree on them."""
    best: tuple[float, Floats, Floats] | None = None
    for _ in range(NUM_TRIPLES):
        some = rng.choice(len(H), 3, replace=False)
        if spread_of_axes_rad(H[some]) < MIN_SPREAD_RAD / 2:
            continue
        X = park_martin(H[some], C[some])
        Z = _middle(H @ X @ C)
        score = float(np.median(_misfit(X, Z, H, C)))
        if best is None or score < best[0]:
            best = (score, X, Z)
    if best is None:
        raise QualityGateError("no three pictures differ enough: turn the hand between them")
    _, X, Z = best
    used = np.ones(len(H), bool)
    for _ in range(4):
        error_m, error_rad = _errors(X, Z, H, C)
        limit_m = max(FLOOR_M, TIMES_MEDIAN * float(np.median(error_m)))
        limit_rad = max(FLOOR_RAD, TIMES_MEDIAN * float(np.median(error_rad)))
        used = (error_m < limit_m) & (error_rad < limit_rad)
        if used.sum() < MIN_POSES or spread_of_axes_rad(H[used]) < MIN_SPREAD_RAD:
            raise QualityGateError(
                f"only {used.sum()} of {len(H)} poses agree with each other: is each picture's "
                "pose that of its moment, in this order, and did board or camera slip?"
            )
        X = park_martin(H[used], C[used])
        X, Z = _refined(X, _middle(H[used] @ X @ C[used]), H[used], C[used])
    return X, Z, used


def _middle(T: Floats) -> Floats:
    """The pose (4, 4) that most of (n, 4, 4) are near to."""
    apart = np.linalg.norm(T[:, None, :3, 3] - T[None, :, :3, 3], axis=-1)
    return T[int(np.median(apart, axis=1).argmin())]


def _offsets(X: Floats, Z: Floats, H: Floats, C: Floats) -> tuple[Floats, Floats]:
    """Rotation vectors and shifts (n, 3) from each camera by the hand to that by the board."""
    E = inverse_se3(H @ X) @ Z @ inverse_se3(C)
    return so3_log(E[:, :3, :3]), E[:, :3, 3]


def _errors(X: Floats, Z: Floats, H: Floats, C: Floats) -> tuple[Floats, Floats]:
    turn, shift = _offsets(X, Z, H, C)
    return np.linalg.norm(shift, axis=1), np.linalg.norm(turn, axis=1)


def _misfit(X: Floats, Z: Floats, H: Floats, C: Floats) -> Floats:
    error_m, error_rad = _errors(X, Z, H, C)
    return np.hypot(error_m / SIGMA_M, error_rad / SIGMA_RAD)


def _refined(X: Floats, Z: Floats, H: Floats, C: Floats) -> tuple[Floats, Floats]:
    """Camera and board with the least errors of orientation and place together."""

    def split(p: Floats) -> tuple[Floats, Floats]:
        return tuple(make_se3(so3_exp(q[:3]), q[3:]) for q in (p[:6], p[6:]))  # type: ignore[return-value]

    def residuals(p: Floats) -> Floats:
        turn, shift = _offsets(*split(p), H, C)
        return np.concatenate([turn / SIGMA_RAD, shift / SIGMA_M]).ravel()

    start = np.concatenate([np.append(so3_log(T[:3, :3]), T[:3, 3]) for T in (X, Z)])
    return split(least_squares(residuals, start, method="lm", max_nfev=300).x)


def _check(made: HandEye) -> None:
    left_out = 1 - float(made.is_used.mean())
    if left_out > MAX_LEFT_OUT:
        raise QualityGateError(
            f"{left_out:.0%} of the poses do not fit the others: too many to leave out"
        )
    if made.rms_mm > 1000 * MAX_M or made.rms_deg > np.rad2deg(MAX_RAD):
        raise QualityGateError(
            f"the poses agree to {made.rms_mm:.1f} mm and {made.rms_deg:.2f}° only (gates "
            f"{1000 * MAX_M:.0f} mm, {np.rad2deg(MAX_RAD):.0f}°). Check the unit of the robot's "
            "poses, which frame they are of, the size of the squares, and that nothing slipped."
        )
