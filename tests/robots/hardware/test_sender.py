"""xsim_core/robots/hardware/sender.py: the newest target, and rest where none comes."""

import threading
import time

import numpy as np
import pytest

from xsim_core.robots import RobotLostError, TcpTarget
from xsim_core.robots.hardware.sender import SILENCE_S, Sender


class Arm:
    """What a robot was told, and when; each target takes it ``takes_s``."""

    def __init__(self, takes_s=0.0, breaks_at=None):
        self.told, self.takes_s, self.breaks_at = [], takes_s, breaks_at
        self.begun = threading.Event()

    def send(self, target):
        if self.breaks_at is not None and target.yaw >= self.breaks_at:
            raise OSError("the cable is out")
        self.told.append((time.monotonic(), target.yaw))
        self.begun.set()
        time.sleep(self.takes_s)

    def halt(self):
        self.told.append((time.monotonic(), "halt"))


def target(n):
    return TcpTarget(np.zeros(3), float(n), 0.0)


def wait_for(what, timeout_s=3.0):
    end_s = time.monotonic() + timeout_s
    while not what() and time.monotonic() < end_s:
        time.sleep(0.005)
    assert what()


def words(arm):
    return [word for _, word in arm.told]


def test_whoever_commands_does_not_wait_and_what_was_overtaken_is_left_out():
    arm = Arm(takes_s=0.2)
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(0))
    assert arm.begun.wait(2)
    began_s = time.monotonic()
    for n in range(1, 100):
        sender.put(target(n))
    assert time.monotonic() - began_s < 0.1
    wait_for(lambda: 99.0 in words(arm))
    sender.close()
    assert words(arm)[:2] == [0.0, 99.0]


def test_without_a_target_it_halts_once_within_a_control_period_and_goes_on_with_the_next():
    arm = Arm()
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(1))
    wait_for(lambda: "halt" in words(arm))
    assert arm.told[1][0] - arm.told[0][0] < SILENCE_S + 0.3
    time.sleep(2.5 * SILENCE_S)
    sender.put(target(2))
    wait_for(lambda: 2.0 in words(arm))
    sender.close()
    assert words(arm) == [1.0, "halt", 2.0, "halt"]


def test_a_halt_overtakes_what_was_to_be_sent():
    arm = Arm(takes_s=0.1)
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(1))
    assert arm.begun.wait(2)
    sender.put(target(2))
    sender.halt()
    wait_for(lambda: "halt" in words(arm))
    sender.close()
    assert 2.0 not in words(arm)


def test_a_robot_that_takes_nothing_any_more_is_lost_and_was_told_to_halt():
    arm = Arm(breaks_at=2)
    sender = Sender("the arm", arm.send, arm.halt)
    sender.put(target(1))
    wait_for(lambda: words(arm) != [])
    sender.put(target(2))
    wait_for(lambda: words(arm)[-1] == "halt")
    wait_for(lambda: not sender._thread.is_alive())
    for call in (sender.check, lambda: sender.put(target(3))):
        with pytest.raises(RobotLostError, match=r"the arm takes no commands .* cable is out"):
            call()
    sender.halt()
    sender.close()
