"""xsim_core/robots/hardware/arm.py: what arms of all makes do alike."""

import pytest

from tests.robots.hardware.test_sender import Arm, target
from tests.waiting import until
from xsim_core.robots import RobotLostError
from xsim_core.robots.hardware.arm import HardwareArm
from xsim_core.robots.hardware.hand import Hand
from xsim_core.robots.hardware.sender import Sender


class SomeArm(HardwareArm):
    """A make whose links are ``told``."""

    def __init__(self, told, *, hand=None):
        super().__init__("the arm at 10.0.0.2")
        self._told = told
        self._sender = Sender(self._called, told.send, told.halt)
        self._hand = hand

    def _let_go(self):
        self._told.told.append("let go")


def test_a_target_moves_arm_and_fingers_and_closing_halts_before_it_lets_go():
    told, at = Arm(), [0.08]
    arm = SomeArm(told, hand=Hand(lambda: at[0], lambda opening_m: at.__setitem__(0, opening_m)))
    assert arm._opening_m() == 0.08
    arm.command(target(7))
    until(lambda: arm._opening_m() == 0.0)
    until(lambda: 7.0 in told.told)
    arm._check()
    arm.close()
    assert told.told == [7.0, "halt", "let go"]
    with pytest.raises(RobotLostError, match=r"the arm at 10\.0\.0\.2 is not connected"):
        arm.command(target(8))
    arm.stop()
    arm.close()
    assert told.told[-2:] == ["let go", "let go"], "twice does no harm"


def test_a_hand_that_does_not_answer_is_a_lost_robot():
    answers = iter([0.05])
    arm = SomeArm(Arm(), hand=Hand(lambda: next(answers), lambda opening_m: None))
    until(lambda: arm._hand.problem is not None)
    with pytest.raises(RobotLostError, match="the gripper does not answer any more"):
        arm._check()
    arm.close()


def test_an_arm_without_fingers_has_none_open():
    arm = SomeArm(Arm())
    arm._check()
    assert arm._opening_m() == 0.0
    arm.close()
