import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from tests.sim.fixtures import block_mesh, push_path
from xsim_core.build_sim.waypoints import (
    arc_length,
    lift_to_table,
    rest_on_table,
    resting_axis,
    start_pose,
    waypoints_by_arc_length,
)
from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, rotation_angle, so3_exp

VERTICES = block_mesh()[0].astype(float)
CENTRE = np.zeros(3)
SEGMENTS = np.array([[10, 49]])
STATUS = np.zeros(60, np.int8)
unit = st.floats(-1, 1, allow_nan=False)


def waypoints(poses, num, status=STATUS, segments=SEGMENTS):
    return waypoints_by_arc_length(
        poses, segments, status, num_waypoints=num, centre=CENTRE, radius_m=0.05
    )


@pytest.mark.parametrize("num", [1, 2, 4, 7])
def test_waypoints_are_exactly_as_many_equally_spaced_and_end_at_the_end(num):
    poses = push_path()
    T = waypoints(poses, num)
    assert len(T) == num
    np.testing.assert_allclose(T[-1], poses[-1], atol=1e-9)
    gaps = np.diff(arc_length(np.concatenate([poses[:1], T]), centre=CENTRE, radius_m=0.05))
    np.testing.assert_allclose(gaps, gaps.mean(), rtol=0.03)


def test_waypoints_do_not_depend_on_speed_or_pauses():
    poses = push_path()
    slow = np.repeat(poses, 3, axis=0)
    T = waypoints(slow, 4, np.zeros(180, np.int8), np.array([[30, 149]]))
    np.testing.assert_allclose(T, waypoints(poses, 4), atol=1e-9)


def test_lost_frames_are_not_used():
    poses, status = push_path(), STATUS.copy()
    poses[30, :3, 3] += 1.0
    status[30] = 3
    assert np.abs(waypoints(poses, 6, status)[:, 1, 3]).max() < 0.2


def test_two_segments_are_joined_without_the_pause():
    poses = push_path()
    T = waypoints(poses, 4, segments=np.array([[10, 29], [30, 49]]))
    np.testing.assert_allclose(T, waypoints(poses, 4), atol=1e-9)


def test_a_track_without_motion_says_so():
    poses = np.repeat(push_path()[:1], 60, axis=0)
    with pytest.raises(BadInputError, match="no motion segment"):
        waypoints(poses, 4, segments=np.zeros((0, 2), int))
    with pytest.raises(BadInputError, match="moved only"):
        waypoints(poses, 4)


def test_start_pose_is_robust_to_an_outlier():
    poses = push_path()
    poses[3, :3, 3] += 0.5
    T = start_pose(poses, SEGMENTS, STATUS)
    np.testing.assert_allclose(T[:3, 3], push_path()[0, :3, 3], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    yaw=st.floats(-3, 3),
    tilt=arrays(float, 2, elements=st.floats(-0.3, 0.3)),
    xy=arrays(float, 2, elements=unit),
    table=unit,
)
def test_resting_keeps_the_horizontal_centre_and_stands_on_the_table(yaw, tilt, xy, table):
    R = so3_exp([*tilt, 0]) @ so3_exp([0, 0, yaw])
    T = make_se3(R, [*xy, table + 0.1])
    up = resting_axis(R, VERTICES)
    flat = rest_on_table(T, up_object=up, vertices=VERTICES, table_height_m=table)
    points = VERTICES @ flat[:3, :3].T + flat[:3, 3]
    assert points[:, 2].min() == pytest.approx(table, abs=1e-9)
    np.testing.assert_allclose(flat[:3, :3] @ up, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(flat[:2, 3], xy, atol=1e-7)  # the block's centre is its origin
    # Only the tilt goes: nothing turns further than it was tilted.
    assert rotation_angle(flat[:3, :3], R) <= np.linalg.norm(tilt) + 1e-9


def test_resting_axis_of_an_object_on_its_side():
    R = so3_exp([np.pi / 2 + 0.1, 0, 0])
    np.testing.assert_allclose(R @ resting_axis(R, VERTICES), [0, 0, 1], atol=0.11)


def test_lifting_raises_only_what_is_below():
    T = np.repeat(np.eye(4)[None], 2, axis=0)
    T[:, 2, 3] = [0.01, 0.30]
    z = lift_to_table(T, vertices=VERTICES, table_height_m=0.0)[:, 2, 3]
    np.testing.assert_allclose(z, [0.025, 0.30], atol=1e-6)
