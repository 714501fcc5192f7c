"""xsim_core/robots/hardware/sender.py: the newest target, and rest where none comes."""

import threading
import time

import numpy as np
import pytest

from tests.waiting import PATIENCE_S, until
from xsim_core.robots import RobotLostError, TcpTarget
from xsim_core.robots.hardware.sender import SILENCE_S, Sender
from xsim_core.sim.task import TaskSpec


class Arm:
    """What a robot was told; it takes what it is sent once it may."""

    def __init__(self, *, is_busy=False, breaks_at=None):
        self.told, self.breaks_at = [], breaks_at
        self.begun, self.may_go = threading.Event(), threading.Event()
        if not is_busy:
            self.may_go.set()

    def send(self, target):
        if self.breaks_at is not None and target.yaw >= self.breaks_at:
            raise OSError("the cable is out")
        self.told.append(target.yaw)
        self.begun.set()
        assert self.may_go.wait(PATIENCE_S)

    def halt(self):
        self.told.append("halt")


def target(n):
    return TcpTarget(np.zeros(3), float(n), 0.0)


def test_whoever_commands_does_not_wait_and_what_was_overtaken_is_left_out():
    arm = Arm(is_busy=True)
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(0))
    assert arm.begun.wait(PATIENCE_S)
    for n in range(1, 100):
        sender.put(target(n))
    assert arm.told == [0.0]
    arm.may_go.set()
    until(lambda: 99.0 in arm.told)
    sender.close()
    assert arm.told[:2] == [0.0, 99.0]


def test_without_a_target_it_halts_once_and_goes_on_with_the_next():
    assert TaskSpec(name="any").control_dt_s >= SILENCE_S
    arm = Arm()
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(1))
    until(lambda: "halt" in arm.told)
    time.sleep(2.5 * SILENCE_S)
    sender.put(target(2))
    until(lambda: 2.0 in arm.told)
    sender.close()
    assert arm.told == [1.0, "halt", 2.0, "halt"]


def test_a_halt_overtakes_what_was_to_be_sent():
    arm = Arm(is_busy=True)
    sender = Sender("arm", arm.send, arm.halt)
    sender.put(target(1))
    assert arm.begun.wait(PATIENCE_S)
    sender.put(target(2))
    sender.halt()
    arm.may_go.set()
    until(lambda: "halt" in arm.told)
    sender.close()
    assert 2.0 not in arm.told


def test_a_robot_that_takes_nothing_any_more_is_lost_and_was_told_to_halt():
    arm = Arm(breaks_at=2)
    sender = Sender("the arm", arm.send, arm.halt)
    sender.put(target(1))
    until(lambda: arm.told != [])
    sender.put(target(2))
    until(lambda: arm.told[-1] == "halt")
    until(lambda: not sender._thread.is_alive())
    for call in (sender.check, lambda: sender.put(target(3))):
        with pytest.raises(RobotLostError, match=r"the arm takes no commands .* cable is out"):
            call()
    sender.halt()
    sender.close()
