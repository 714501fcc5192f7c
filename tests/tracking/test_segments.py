"""xsim_core/tracking/segments.py: motions are found, noise and short pauses are not."""

import numpy as np
import pytest

from xsim_core.geometry import make_se3, se3_exp, so3_exp
from xsim_core.tracking import SegmentConfig, motion_segments, speeds

TIME = np.arange(40) / 20.0


def _two_moves():
    """Rest, move, rest, turn on the spot, rest; 20 Hz."""
    x = np.concatenate([np.zeros(20), np.linspace(0, 0.1, 20), np.full(60, 0.1)])
    yaw = np.concatenate([np.zeros(60), np.linspace(0, 0.8, 20), np.full(20, 0.8)])
    position = np.stack([x, 0 * x, 0 * x], axis=-1)
    turns = so3_exp(np.stack([0 * x, 0 * x, yaw], axis=-1))
    return make_se3(turns, position), np.arange(100) / 20.0


def test_segments_are_the_moving_stretches():
    T, time = _two_moves()
    segments = motion_segments(T, time, config=SegmentConfig())
    assert len(segments) == 2
    assert np.abs(segments - [[20, 39], [60, 79]]).max() <= 2


def test_jitter_is_no_motion():
    rng = np.random.default_rng(0)
    time = np.arange(100) / 20.0
    T = se3_exp(rng.normal(0, [0.0005] * 3 + [0.003] * 3, (100, 6)))
    assert len(motion_segments(T, time, config=SegmentConfig())) == 0


def test_speeds_of_steady_motion():
    T = make_se3(so3_exp(TIME[:, None] * [0, 0, 0.7]), TIME[:, None] * [0.3, 0, 0])
    linear, angular = speeds(T, TIME)
    assert linear == pytest.approx(np.full(40, 0.3))
    assert angular == pytest.approx(np.full(40, 0.7))


def slide(x):
    """Poses (t, 4, 4) at places x along a line."""
    return make_se3(np.tile(np.eye(3), (len(x), 1, 1)), np.stack([x, 0 * x, 0 * x], axis=-1))


@pytest.mark.parametrize(("pause_s", "count"), [(0.1, 1), (0.6, 2)])
def test_a_short_pause_belongs_to_the_motion_and_a_long_one_does_not(pause_s, count):
    fps = 50
    rest, pause = np.zeros(fps), np.full(round(pause_s * fps), 0.1)
    x = np.concatenate([rest, np.linspace(0, 0.1, fps), pause, np.linspace(0.1, 0.2, fps)])
    x = np.concatenate([x, np.full(fps, 0.2)])
    found = motion_segments(slide(x), np.arange(len(x)) / fps, config=SegmentConfig())
    assert len(found) == count


def test_a_nudge_that_goes_nowhere_is_no_motion():
    fps = 50
    there = 0.004 * np.sin(np.linspace(0, 2 * np.pi, fps))
    x = np.concatenate([np.zeros(fps), there, np.zeros(fps)])
    time = np.arange(len(x)) / fps
    assert len(motion_segments(slide(x), time, config=SegmentConfig())) == 0
    assert len(motion_segments(slide(20 * x), time, config=SegmentConfig())) > 0


def test_a_motion_that_fills_the_video_has_its_first_and_last_frame():
    x = np.linspace(0, 0.4, 40)
    np.testing.assert_array_equal(
        motion_segments(slide(x), TIME, config=SegmentConfig()), [[0, 39]]
    )


@pytest.mark.parametrize("fps", [30, 15, 10, 7.5, 6, 5, 3])
def test_a_motion_is_found_at_every_frame_rate(fps):
    """Two seconds of a calm push of 16 cm, seen for six."""
    time = np.arange(round(6 * fps)) / fps
    share = np.clip((time - 2) / 2, 0, 1)
    T = slide(0.16 * share**3 * (10 - 15 * share + 6 * share**2))
    found = motion_segments(T, time, config=SegmentConfig())
    assert len(found) == 1
    first, last = time[found[0]]
    assert first == pytest.approx(2.2, abs=0.2 + 1 / fps)
    assert last == pytest.approx(3.8, abs=0.2 + 1 / fps)


def test_a_motion_goes_on_through_frames_that_were_dropped():
    time = np.arange(60) / 10
    share = np.clip((time - 2) / 2, 0, 1)
    kept = (time < 2.5) | (time > 3.5)
    T = slide(0.16 * share)[kept]
    found = motion_segments(T, time[kept], config=SegmentConfig())
    assert len(found) == 1
    assert np.ptp(T[found[0], 0, 3]) == pytest.approx(0.16, abs=0.01)


def test_one_frame_is_no_motion():
    assert len(motion_segments(slide(np.zeros(1)), np.zeros(1), config=SegmentConfig())) == 0
