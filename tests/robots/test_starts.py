"""A seed's start is the same for scripts and people, and is said so that a hand can make it."""

import numpy as np

from xsim_core.geometry import make_se3, so3_exp
from xsim_core.robots.starts import in_words, object_start, start_rng

CENTRE = np.array([0.03, 0.0, 0.01])
T = make_se3(so3_exp([0, 0, 0.4]), [0.5, -0.1, 0.02])
RANGES = {"xy_m": 0.05, "yaw_rad": 0.3}


def test_the_same_seed_is_the_same_place_and_the_centre_stays_in_its_range():
    first, again = (object_start(start_rng(7), T, CENTRE, **RANGES) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    moved = first[:3, :3] @ CENTRE + first[:3, 3] - (T[:3, :3] @ CENTRE + T[:3, 3])
    assert np.abs(moved[:2]).max() <= 0.05
    assert abs(moved[2]) < 1e-12
    assert not np.allclose(object_start(start_rng(8), T, CENTRE, **RANGES), first)


def test_it_is_said_in_the_robots_frame():
    turned = make_se3(so3_exp([0, 0, 0.4 - np.deg2rad(12)]), np.zeros(3))
    turned[:3, 3] = [0.45, 0.2, 0.02] - turned[:3, :3] @ CENTRE
    said = in_words(T, turned, CENTRE)
    assert said.startswith("its centre 0.450 m in front of the base and 0.200 m to the left")
    assert "turned to the right by 12 degrees" in said
