"""The path of a camera in a person's hand: slow, to and fro, never quite still."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import look_at, make_se3, so3_exp

Floats = NDArray[np.float64]

SWEEP_RAD, SWEEP_S = np.deg2rad(20), 7.0
"""To each side of where a stand would be, and how long there and back takes."""
SWAY_M, GAZE_M, ROLL_RAD = 0.012, 0.015, np.deg2rad(1.5)
SWAYS_HZ = (0.31, 0.57, 1.13)
"""Arms are slow; what is faster is smaller."""


def hand_held(eye_m: Floats, target_m: Floats, times_s: Floats, rng: np.random.Generator) -> Floats:
    """``T_world_cam`` (t, 4, 4) around what is looked at.

    Args:
        eye_m: (3,) where a stand would be.
        target_m: (3,) what is looked at.
        times_s: (t,).
        rng: of this person.
    """
    sway = _sway(times_s, rng, 7)
    azimuth = SWEEP_RAD * np.sin(2 * np.pi * times_s / SWEEP_S)
    poses = np.zeros((len(times_s), 4, 4))
    for i, angle in enumerate(azimuth):
        arm = so3_exp([0.0, 0.0, angle]) @ (eye_m - target_m)
        eye = target_m + arm + SWAY_M * sway[i, :3]
        roll = make_se3(so3_exp([0.0, 0.0, ROLL_RAD * sway[i, 6]]), np.zeros(3))
        poses[i] = look_at(eye, target_m + GAZE_M * sway[i, 3:6]) @ roll
    return poses


def _sway(times_s: Floats, rng: np.random.Generator, count: int) -> Floats:
    """(t, count) smooth, about 1 at most."""
    phases = rng.uniform(0, 2 * np.pi, (len(SWAYS_HZ), count))
    weights = np.array([1 / f for f in SWAYS_HZ])
    waves = np.sin(2 * np.pi * np.multiply.outer(times_s, SWAYS_HZ)[..., None] + phases)
    return np.asarray((waves * weights[:, None]).sum(axis=1) / weights.sum(), np.float64)
