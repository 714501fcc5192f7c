"""Where a seed puts the object: one rule, for scripts and for people."""

import math

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import make_se3, so3_exp

Floats = NDArray[np.float64]


def start_rng(seed: int) -> np.random.Generator:
    """What decides the start of a seed: first the object's, then the arm's."""
    return np.random.default_rng([seed, 0x9E])


def object_start(
    rng: np.random.Generator, T_world_start: Floats, centre: Floats, *, xy_m: float, yaw_rad: float
) -> Floats:
    """(4, 4) the object's pose, drawn around the nominal start.

    Args:
        rng: of ``start_rng``, as it begins.
        T_world_start: (4, 4) nominal.
        centre: (3,) of the object in its own frame: it turns about it, wherever its mesh has the
            origin.
        xy_m: half range of each coordinate.
        yaw_rad: half range of the turn about the vertical.
    """
    T = T_world_start
    shift = [*(rng.uniform(-1, 1, 2) * xy_m), 0.0]
    turn = so3_exp([0, 0, float(rng.uniform(-1, 1)) * yaw_rad])
    at = T[:3, :3] @ centre
    return make_se3(turn @ T[:3, :3], T[:3, 3] + shift + at - turn @ at)


def in_words(T_world_start: Floats, T_world_object: Floats, centre: Floats) -> str:
    """Where a person puts the object: its centre, and how it is turned against the film's start."""
    x, y, _ = T_world_object[:3, :3] @ centre + T_world_object[:3, 3]
    R = T_world_object[:3, :3] @ T_world_start[:3, :3].T
    degrees = math.degrees(math.atan2(R[1, 0], R[0, 0]))
    way = "to the left" if degrees >= 0 else "to the right"
    return (
        f"its centre {x:.3f} m in front of the base and {abs(y):.3f} m to the "
        f"{'left' if y >= 0 else 'right'}, turned {way} by {abs(degrees):.0f} degrees against how "
        "it lay in the film"
    )
