"""When a picture was taken, by each clock that librealsense knows."""

import pytest

from xsim_core.robots.cameras.clock import TIMES, PictureClock


def test_the_cameras_own_clock_is_laid_by_the_fastest_picture():
    clock = PictureClock()
    assert clock.local(5000, "hardware_clock", now_s=100.3) == pytest.approx(100.3)
    assert clock.local(6000, "hardware_clock", now_s=101.1) == pytest.approx(101.1)
    assert clock.local(7000, "hardware_clock", now_s=102.4) == pytest.approx(102.1)
    assert clock.words == TIMES["hardware_clock"]


def test_a_counter_that_wraps_is_laid_anew_instead_of_an_hour_ago():
    clock = PictureClock()
    clock.local(4_294_967, "hardware_clock", now_s=100.0)
    assert clock.local(10, "hardware_clock", now_s=100.1) == pytest.approx(100.1)
    assert clock.local(1010, "hardware_clock", now_s=101.3) == pytest.approx(101.1)


@pytest.mark.parametrize("domain", ["global_time", "system_time"])
def test_wall_clocks_count_from_what_this_machines_says_now(domain):
    clock = PictureClock()
    taken_s = clock.local(1e12 - 40, domain, now_s=100.0, wall_s=1e9)
    assert taken_s == pytest.approx(99.96, abs=1e-3)
    assert clock.words == TIMES[domain]


def test_no_picture_is_from_the_future_and_no_unknown_clock_is_believed():
    clock = PictureClock()
    assert clock.local(1e12 + 500, "global_time", now_s=100.0, wall_s=1e9) == 100.0
    assert clock.local(3.0, "moon", now_s=100.0) == 100.0
    assert "'moon', not believed" in clock.words
