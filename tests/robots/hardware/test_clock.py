"""xsim_core/robots/hardware/clock.py"""

import pytest

from xsim_core.robots.hardware.clock import RobotClock


def test_the_fastest_message_says_how_far_apart_the_clocks_are():
    clock = RobotClock()
    assert clock.local(5.0, now_s=105.3) == pytest.approx(105.3)
    assert clock.local(6.0, now_s=106.1) == pytest.approx(106.1)
    assert clock.local(7.0, now_s=107.4) == pytest.approx(107.1)


def test_a_robot_that_repeats_itself_or_begins_anew_grows_stale():
    clock = RobotClock()
    clock.local(5.0, now_s=105.0)
    assert clock.local(5.0, now_s=107.0) == pytest.approx(105.0)
    assert clock.local(0.1, now_s=108.0) < 101
