"""xsim_core/geometry/symmetry.py: equivalent poses, against hand-computed and searched ones."""

import numpy as np
import pytest

from xsim_core.geometry import make_se3, rotation_angle, so3_exp
from xsim_core.geometry.symmetry import made_continuous, nearest_equivalent, turns_of
from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis

OFFSET = (0.02, -0.01, 0.03)
CAN = ObjectSymmetry(continuous=(SymmetryAxis(axis=(0, 0, 1), offset=OFFSET),))
HALF = tuple(map(tuple, np.diag([-1.0, -1.0, 1.0, 1.0]).tolist()))
BOX = ObjectSymmetry(discrete=(HALF,))
BALL = ObjectSymmetry(
    continuous=(SymmetryAxis(axis=(0, 0, 1), offset=OFFSET), SymmetryAxis(axis=(1, 0, 0)))
)


def some_poses(n, seed=0):
    rng = np.random.default_rng(seed)
    return make_se3(so3_exp(rng.normal(0, 1, (n, 3))), rng.normal(0, 1, (n, 3)))


@pytest.mark.parametrize(
    "symmetry", [CAN, BOX, ObjectSymmetry(discrete=BOX.discrete, continuous=CAN.continuous)]
)
def test_the_nearest_is_the_best_of_all_turns(symmetry):
    for T, near in zip(some_poses(8), some_poses(8, seed=1), strict=True):
        found = nearest_equivalent(T, near, symmetry)
        searched = T @ turns_of(symmetry, num_turns=720)
        angles = rotation_angle(near[:3, :3], searched[:, :3, :3])
        assert rotation_angle(near[:3, :3], found[:3, :3]) <= angles.min() + 1e-9
        # It is one of them: some turn brings it there, to half a step of the search.
        assert np.linalg.norm(searched - found, axis=(1, 2)).min() < 0.02


def test_points_on_the_axis_stay_where_they_are():
    T, near = some_poses(2)
    found = nearest_equivalent(T, near, CAN)
    for z in (-0.1, 0.0, 0.2):
        on_axis = np.array([*OFFSET[:2], z, 1.0])
        np.testing.assert_allclose(found @ on_axis, T @ on_axis, atol=1e-9)


def test_a_ball_is_never_turned():
    T, near = some_poses(2)
    found = nearest_equivalent(T, near, BALL)
    np.testing.assert_allclose(found[:3, :3], near[:3, :3])
    np.testing.assert_allclose(found @ [*OFFSET, 1.0], T @ [*OFFSET, 1.0], atol=1e-12)


def test_a_spinning_can_does_not_turn_and_a_flipping_box_does_not_flip():
    n = 40
    spin = np.cumsum(np.random.default_rng(0).uniform(0, 1, n))
    tilt = so3_exp([0.3, 0.2, 0])
    axis = SymmetryAxis(axis=(0, 0, 1))
    T = make_se3(tilt @ so3_exp(np.stack([0 * spin, 0 * spin, spin], -1)), np.zeros((n, 3)))
    still = made_continuous(T, np.ones(n, bool), ObjectSymmetry(continuous=(axis,)))
    np.testing.assert_allclose(still, np.tile(T[0], (n, 1, 1)), atol=1e-9)
    flips = np.where(np.arange(n) % 3 == 0, 1, 0)
    slow = make_se3(so3_exp(np.stack([0 * spin, 0 * spin, 0.02 * np.arange(n)], -1)), np.zeros(3))
    flipped = slow @ np.stack([np.eye(4), np.asarray(HALF)])[flips]
    calm = made_continuous(flipped, np.ones(n, bool), BOX)
    np.testing.assert_allclose(calm, slow @ np.asarray(HALF), atol=1e-9)


def test_frames_that_were_not_seen_are_left_alone():
    T = np.stack([np.eye(4), np.asarray(HALF), np.asarray(HALF)])
    use = np.array([True, False, True])
    out = made_continuous(T, use, BOX)
    np.testing.assert_array_equal(out, [np.eye(4), np.asarray(HALF), np.eye(4)])


def test_an_asymmetric_object_keeps_its_poses_to_the_bit():
    T = some_poses(5)
    np.testing.assert_array_equal(made_continuous(T, np.ones(5, bool), ObjectSymmetry()), T)
