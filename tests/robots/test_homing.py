"""The way back to the start: over the top of the box, and refused where it does not get there."""

import numpy as np
import pytest

from xsim_core.errors import BadInputError
from xsim_core.robots import RobotInfo, TcpTarget
from xsim_core.robots.driver import Observation
from xsim_core.robots.homing import go_to

from .states import LIMITS, state


class Ideal:
    """A robot that is where it was told to be; or that is stuck."""

    name = "ideal"

    def __init__(self, *, stuck=False):
        self.sent, self._stuck = [], stuck
        self._at = state((0.4, -0.2, 0.05))

    def connect(self):
        return RobotInfo("ideal", 7, 0.08, None, None)

    def observe(self):
        import time

        return Observation(type(self._at)(**(vars(self._at) | {"time_s": time.monotonic()})), None)

    def command(self, target):
        self.sent.append(target.vector())
        if not self._stuck:
            self._at = state(target.position, yaw=target.yaw, gripper_m=target.gripper_m)

    def stop(self):
        """It stands."""

    close = stop


FAST = LIMITS.model_copy(update={"speed_m_s": 1.0})
GOAL = TcpTarget(np.array([0.55, 0.15, 0.06]), 0.5, 0.04)


def test_it_goes_up_across_and_down_and_keeps_its_limits():
    robot = Ideal()
    go_to(robot, FAST, GOAL, is_alive=lambda: True)
    sent = np.array(robot.sent)
    np.testing.assert_allclose(sent[-1], GOAL.vector(), atol=0.02)
    # Where it moves sideways by more than what is near, it is at the top.
    aside = (np.abs(sent[:, 0] - 0.4) > 0.02) & (np.abs(sent[:, 0] - 0.55) > 0.02)
    assert aside.any()
    assert sent[aside, 2].min() > FAST.box_high[2] - 0.03
    assert np.abs(np.diff(sent[:, :3], axis=0)).max() <= 1.0 * FAST.dt_s


def test_one_that_is_held_or_does_not_come_is_not_waited_for():
    with pytest.raises(BadInputError, match=r"on its way to the start \(held away"):
        go_to(Ideal(stuck=True), FAST, GOAL, is_alive=lambda: True)
    with pytest.raises(BadInputError, match=r"within 0.2 s \(dead-man key released\)"):
        go_to(Ideal(), FAST, GOAL, is_alive=lambda: False, patience_s=0.2)
