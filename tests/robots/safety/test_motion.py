"""No wish brings the motion over a limit, and from everywhere it comes to rest in time."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

from tests.robots.states import LIMITS, START, worst
from xsim_core.robots import MotionFilter, SafetyLimits

NUMBERS = st.floats(width=64) | st.sampled_from([np.nan, np.inf, -np.inf, 1e300, 0.0, 0.5])
WISHES = st.lists(
    st.tuples(st.integers(1, 12), st.none() | st.tuples(*[NUMBERS] * 5)), min_size=1, max_size=12
)


def motion(limits=LIMITS, start=(*START, 0.0, 0.04)):
    return MotionFilter(
        np.array(start), limits.axes(), dt_s=limits.dt_s, num_stop_ticks=limits.num_stop_ticks
    )


@settings(max_examples=25, deadline=None)
@given(WISHES)
def test_no_wish_gets_past_a_limit_and_each_motion_stops_in_time(wishes):
    moving, sent = motion(), [np.array([*START, 0.0, 0.04])]
    for ticks, wish in wishes:
        target = None if wish is None else np.array(wish)
        sent += [moving.step(target) for _ in range(ticks)]
    sent += [moving.step(None) for _ in range(LIMITS.num_stop_ticks)]
    ratios, outside = worst(np.array(sent), LIMITS)
    assert max(ratios.values()) <= 1, ratios
    assert max(outside.values()) <= 0, outside
    at = moving.position.copy()
    np.testing.assert_allclose(moving.step(None), at, rtol=0, atol=1e-12)
    assert moving.is_at_rest


def test_a_wish_of_next_to_nothing_is_no_trouble():
    moving = motion(start=(*START[:1], 0.0, *START[2:], 0.0, 0.0))
    before = moving.position.copy()
    for tiny in (5e-300, 5e-324, -5e-300):
        sent = moving.step(before + np.array([0, tiny, 0, tiny, 0]))
        np.testing.assert_allclose(sent, before, atol=1e-9)


def test_it_arrives_within_a_hundredth_of_a_millimetre_and_at_full_speed_on_the_way():
    moving, target = motion(), np.array([0.60, 0.0, 0.1, 0.3, 0.0])
    sent = np.array([moving.step(target) for _ in range(250)])
    np.testing.assert_allclose(sent[-1], target, atol=1e-4)
    assert sent[:, 0].max() <= target[0] + 1e-5
    speed = np.diff(sent[:, 0]).max() / LIMITS.dt_s
    assert 0.99 < speed / (LIMITS.speed_m_s / np.sqrt(3)) <= 1


def test_a_policys_steps_are_followed_closely():
    moving, lags = motion(start=(0.35, 0, 0.1, 0, 0.04)), []
    for k in range(15):
        target = np.array([0.35 + 0.015 * (k + 1), 0, 0.1, 0, 0.04])
        for _ in range(10):
            at = moving.step(target)
        lags.append(target[0] - at[0])
    assert max(lags) < 0.010


def test_a_slower_stream_keeps_its_limits_too():
    limits = LIMITS.model_copy(update={"stream_hz": 25, "stop_s": 0.4})
    moving, rng = motion(limits), np.random.default_rng(1)
    sent = [moving.position.copy()]
    for _ in range(60):
        target = rng.uniform(-2, 2, 5)
        sent += [moving.step(target) for _ in range(rng.integers(1, 8))]
    ratios, outside = worst(np.array(sent), limits)
    assert max(ratios.values()) <= 1
    assert max(outside.values()) <= 0
    assert np.ptp(np.array(sent)[:, 0]) > 0.05


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"box_high": (0.2, 0.3, 0.3)}, "is not below"),
        ({"gripper_range_m": (0.08, 0.0)}, "upside down"),
        ({"stream_hz": 30}, "a smooth stop needs 4"),
        ({"speed_m_s": float("nan")}, "finite"),
        ({"force_n": 0}, "greater than 0"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        SafetyLimits(**{"box_low": (0.3, -0.3, 0.0), "box_high": (0.6, 0.3, 0.3)} | fields)
