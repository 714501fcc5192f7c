"""xsim_core/sim/episode/starts.py: starts stray about the object, within the task's ranges."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.geometry import (
    make_se3,
    quat_wxyz_to_matrix,
    rotation_angle,
    se3_to_pos_quat,
    so3_exp,
)
from xsim_core.sim.assets import SimAssets
from xsim_core.sim.episode.starts import StartStreams, draw_start, seeds_of_all, yaw_then
from xsim_core.sim.task import StartRandomisation

T_START = make_se3(so3_exp([0.3, -0.2, 0.7]), [0.5, -0.1, 0.03])
CENTRE = np.array([0.04, -0.02, 0.01])
"""Far from the mesh's origin, as meshes from the wild have it."""
# What no start looks at is left out.
ASSETS = SimAssets.model_construct(
    T_world_object_start=tuple(map(tuple, T_START.tolist())),
    object_centre=tuple(CENTRE),
    start_qpos=(0.0, 0.4, 0.0, -2.0, 0.0, 2.4, 0.8, 0.04, 0.04),
)


def drawn(start, n=400):
    draws = [draw_start(ASSETS, start, np.random.default_rng(s)) for s in range(n)]
    R = np.array([quat_wxyz_to_matrix(d.quat_wxyz) for d in draws])
    return R, np.array([d.position for d in draws]), np.array([d.qpos for d in draws])


def test_without_ranges_every_start_is_the_nominal_one():
    start = StartRandomisation(object_xy_m=0, object_yaw_rad=0, joint_noise_rad=0)
    R, position, qpos = drawn(start, 5)
    np.testing.assert_allclose(R, np.tile(T_START[:3, :3], (5, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(position, np.tile(T_START[:3, 3], (5, 1)), atol=1e-12)
    np.testing.assert_allclose(qpos, np.tile(ASSETS.start_qpos, (5, 1)))


def test_the_object_turns_about_its_centre_and_the_vertical():
    R, position, _ = drawn(StartRandomisation(object_xy_m=0, object_yaw_rad=0.5))
    centre = T_START[:3, :3] @ CENTRE + T_START[:3, 3]
    np.testing.assert_allclose(R @ CENTRE + position, np.tile(centre, (400, 1)), atol=1e-9)
    # What pointed up still does.
    np.testing.assert_allclose(R[:, 2], np.tile(T_START[2, :3], (400, 1)), atol=1e-9)
    turned = rotation_angle(R, T_START[:3, :3])
    assert 0.45 < turned.max() <= 0.5 + 1e-9


def test_the_object_is_moved_over_its_whole_range_and_never_up():
    _, position, _ = drawn(StartRandomisation(object_xy_m=0.02, object_yaw_rad=0))
    moved = position - T_START[:3, 3]
    assert np.abs(moved[:, :2]).max() <= 0.02
    assert (np.abs(moved[:, :2]).max(axis=0) > 0.019).all()
    np.testing.assert_allclose(moved[:, 2], 0, atol=1e-12)


def test_joints_stray_by_two_deviations_at_most_and_fingers_not_at_all():
    noise = (drawn(StartRandomisation(joint_noise_rad=0.01))[2] - ASSETS.start_qpos) / 0.01
    assert np.abs(noise[:, :7]).max() <= 2 + 1e-9
    # A normal distribution clipped at two deviations has 0.96 of its spread.
    np.testing.assert_allclose(noise[:, :7].std(axis=0), 0.96, atol=0.12)
    np.testing.assert_array_equal(noise[:, 7:], 0)


def test_yaw_then_turns_about_the_worlds_vertical():
    _, quat = se3_to_pos_quat(T_START)
    found = quat_wxyz_to_matrix(yaw_then(0.4, quat))
    np.testing.assert_allclose(found, so3_exp([0, 0, 0.4]) @ T_START[:3, :3], atol=1e-12)


def test_streams_begin_with_the_seeds_draw_and_repeat_by_environment():
    streams = StartStreams(ASSETS, StartRandomisation())
    streams.seed(range(4), [11, 12, 13, 14])
    first, second = streams.draw(range(4)), streams.draw(range(4))
    for i, seed in enumerate((11, 12, 13, 14)):
        alone = draw_start(ASSETS, StartRandomisation(), np.random.default_rng(seed))
        np.testing.assert_array_equal(first.position[i], alone.position)
        np.testing.assert_array_equal(first.qpos[i], alone.qpos)
    assert len({*map(tuple, first.position), *map(tuple, second.position)}) == 8


def test_a_partial_reset_draws_by_index_and_moves_no_other_stream():
    streams, alike = (StartStreams(ASSETS, StartRandomisation()) for _ in range(2))
    for each in (streams, alike):
        each.seed(range(3), [1, 2, 3])
        each.draw(range(3))
    partial = streams.draw([2])
    again = alike.draw(range(3))
    np.testing.assert_array_equal(partial.position[0], again.position[2])
    np.testing.assert_array_equal(streams.draw([0]).position[0], again.position[0])
    streams.seed([1], [2])
    nominal = draw_start(ASSETS, StartRandomisation(), np.random.default_rng(2))
    np.testing.assert_array_equal(streams.draw([1]).position[0], nominal.position)


def test_seeds_go_to_the_environments_that_are_reset():
    assert seeds_of_all([7, 8], [3, 1], [10, 11, 12, 13]) == [10, 8, 12, 7]
    with pytest.raises(BadInputError, match="2 environments was given 1 seeds"):
        seeds_of_all([7], [3, 1], [10, 11, 12, 13])
