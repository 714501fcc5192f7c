"""xsim_core/tracking/motion.py: predictions and reach are in metres and seconds, not in frames."""

import numpy as np
import pytest

from xsim_core.geometry import make_se3, rotation_angle, so3_exp
from xsim_core.tracking import TrackerConfig
from xsim_core.tracking.motion import LOOK_EVERY_S, REACH_M, RecentMotion


def pose(x, yaw=0.0):
    return make_se3(so3_exp([0, 0, yaw]), [x, 0, 0.8])


def moving(times, xs, **config):
    """What is known after the object was at ``xs`` at ``times``, turning by 0.5 rad in a metre."""
    motion = RecentMotion(TrackerConfig(**config), pose(xs[0], 0.5 * xs[0]), times[0])
    for time_s, x in zip(times[1:], xs[1:], strict=True):
        motion.begin_frame(time_s)
        motion.go_on(pose(x, 0.5 * x), is_good=True)
    return motion


@pytest.mark.parametrize(
    ("now_s", "expected"), [(0.2, 0.20), (0.15, 0.15), (0.3, 0.30), (None, 0.20)]
)
def test_a_steady_motion_goes_on_for_as_long_as_it_took(now_s, expected):
    motion = moving([0.0, 0.1], [0.0, 0.1])
    motion.begin_frame(now_s)
    going_on, standing = motion.predictions()
    np.testing.assert_allclose(going_on, pose(expected, 0.5 * expected), atol=1e-9)
    np.testing.assert_allclose(standing, pose(0.1, 0.05))


def test_a_film_may_be_followed_backward():
    motion = moving([1.0, 0.9], [0.0, 0.1])
    motion.begin_frame(0.7)
    going_on, _ = motion.predictions()
    np.testing.assert_allclose(going_on, pose(0.3, 0.15), atol=1e-9)
    assert rotation_angle(going_on[:3, :3], pose(0, 0.15)[:3, :3]) < 1e-9


def test_after_a_pause_it_may_be_anywhere_within_reach_of_a_hand():
    motion = moving([0.0, 0.1], [0.0, 0.1], max_speed_m_s=2.0, max_unseen_s=0.3)
    motion.begin_frame(0.2)
    assert not motion.was_out_of_sight
    assert motion.is_within_reach(pose(0.1 + REACH_M + 0.19))
    assert not motion.is_within_reach(pose(0.1 + REACH_M + 0.21))
    motion.begin_frame(1.1)
    assert motion.was_out_of_sight
    assert len(motion.predictions()) == 1
    assert motion.is_within_reach(pose(0.1 + REACH_M + 1.99))
    assert not motion.is_within_reach(pose(0.1 + REACH_M + 2.01))


def test_a_lost_object_is_looked_for_where_it_was_seen_last():
    motion = moving([0.0, 0.1], [0.0, 0.1])
    motion.begin_frame(0.2)
    motion.lose()
    np.testing.assert_array_equal(motion.T, pose(0.1, 0.05))
    assert motion.was_out_of_sight
    motion.begin_frame(0.4)
    # What it can have come since it was seen counts, not since the last frame.
    assert motion.is_within_reach(pose(0.1 + 3.0 * 0.3))


def due_times(times, **config):
    """When to look around and when to search all directions, of an object lost at ``times[0]``."""
    motion, looks, searches = moving([0.0], [0.0], **config), [], []
    for time_s in times:
        motion.begin_frame(time_s)
        if motion.is_look_due:
            looks.append(time_s)
        if motion.is_search_due:
            searches.append(time_s)
        motion.lose()
    return np.array(looks), np.array(searches)


@pytest.mark.parametrize("fps", [60, 30, 15, 10])
@pytest.mark.parametrize("direction", [1, -1])
def test_a_lost_object_is_looked_for_as_often_at_every_frame_rate(fps, direction):
    times = direction * np.arange(1, 3 * fps) / fps
    looks, searches = due_times(times, relocalise_every_s=0.4)
    assert looks[0] == times[0]
    assert searches[0] == times[1]
    assert np.abs(np.diff(searches)) == pytest.approx(0.4, abs=0.5 / fps + 1e-9)
    assert np.abs(np.diff(looks)).max() <= LOOK_EVERY_S + 0.5 / fps + 1e-9
    assert len(looks) < 50


def test_without_times_frames_pace_the_looking_and_zero_is_no_search():
    frames = [None] * 12
    assert [len(due) for due in due_times(frames)] == [12, 3]
    assert len(due_times(frames, relocalise_every_s=0)[1]) == 0


def test_searches_look_at_the_nearest_first_and_then_at_the_others():
    motion, boxes = moving([0.0], [0.0]), [(float(i), 0.0, 0.0, 0.0) for i in range(5)]
    seen = []
    for k in range(1, 40):
        motion.begin_frame(0.1 * k)
        if motion.is_search_due:
            seen.append(motion.in_turn(boxes))
        motion.lose()
    assert seen[:3] == [boxes[:3], boxes[3:], boxes[:3]]
    assert motion.in_turn([]) == []
    motion.go_on(pose(0.0), is_good=True)
    assert motion.in_turn(boxes) == boxes[:3]


def test_what_was_hardly_seen_has_to_convince_though_it_was_followed():
    motion = moving([0.0, 0.1], [0.0, 0.1])
    for time_s in (0.2, 0.3, 0.4, 0.5):
        motion.begin_frame(time_s)
        motion.go_on(pose(0.1), is_good=False)
    motion.begin_frame(0.6)
    assert not motion.was_out_of_sight
    assert motion.was_hardly_seen
