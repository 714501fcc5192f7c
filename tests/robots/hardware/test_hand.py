"""xsim_core/robots/hardware/hand.py: a gripper takes positions, not a stream of them."""

import time

from tests.waiting import PATIENCE_S, until
from xsim_core.robots.hardware.hand import STEP_M, Hand


def test_small_changes_are_left_out_and_the_last_wish_counts():
    moved, at = [], [0.08]

    def move(opening_m):
        moved.append(opening_m)
        at[0] = opening_m

    hand = Hand(lambda: at[0], move)
    hand.want(0.08 - STEP_M / 2)
    time.sleep(0.15)
    assert moved == []
    hand.want(0.02)
    until(lambda: hand.opening_m == 0.02)
    hand.close()
    assert (moved, hand.opening_m, hand.problem) == ([0.02], 0.02, None)


def test_one_that_does_not_answer_says_so():
    answers = iter([0.05])
    hand = Hand(lambda: next(answers), lambda opening_m: None)
    hand._thread.join(PATIENCE_S)
    assert "the gripper does not answer any more" in (hand.problem or "")
    hand.close()
