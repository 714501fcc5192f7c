"""xsim_core/film/world_frame.py: the mean of board poses, without those that are mirrored."""

import numpy as np
import pytest

from xsim_core.film.world_frame import _robust_mean
from xsim_core.geometry import BoardSpec, make_se3, rotation_angle, so3_exp

BOARD = BoardSpec(T_world_board=tuple(map(tuple, np.eye(4).tolist())))
T = make_se3(so3_exp([2.8, 0.3, -0.2]), [-0.1, 0.05, 0.9])
CENTRE = np.array([*BOARD.size_m, 0, 2]) / 2


def turned_about_centre(turn):
    """The board turned about its own centre, as errors of a planar pose are."""
    R = T[:3, :3] @ so3_exp(turn)
    return make_se3(R, (T @ CENTRE)[:3] - R @ CENTRE[:3])


def noisy(n, *, rng, turn_rad=0.01, shift_m=0.001):
    poses = np.array([turned_about_centre(rng.normal(0, turn_rad, 3)) for _ in range(n)])
    poses[:, :3, 3] += rng.normal(0, shift_m, (n, 3))
    return poses


def test_noise_averages_out():
    rng = np.random.default_rng(0)
    found, drift_m = _robust_mean(noisy(40, rng=rng), BOARD)
    assert rotation_angle(found[:3, :3], T[:3, :3]) < 0.006
    assert np.linalg.norm((found @ CENTRE - T @ CENTRE)[:3]) < 0.0007
    assert drift_m < 0.004


def test_mirrored_poses_are_left_out():
    """Seen from afar, a planar board has a twin that leans the other way."""
    rng = np.random.default_rng(1)
    poses = noisy(9, rng=rng)
    poses[::3] = [turned_about_centre([0.5, 0.1, 0]) for _ in range(3)]
    found, drift_m = _robust_mean(poses, BOARD)
    assert rotation_angle(found[:3, :3], T[:3, :3]) < 0.015
    assert drift_m < 0.004


def test_a_camera_that_moves_shows_as_drift():
    poses = np.array([make_se3(T[:3, :3], T[:3, 3] + [0.02 * k, 0, 0]) for k in range(5)])
    _, drift_m = _robust_mean(poses, BOARD)
    assert drift_m == pytest.approx(0.02, abs=1e-9)


def test_one_pose_is_its_own_mean():
    found, drift_m = _robust_mean(T[None], BOARD)
    np.testing.assert_allclose(found, T, atol=1e-12)
    assert drift_m == 0
