"""Both policies try each start, in turns first, until it is decided or the robot was stopped."""

from xsim_core.robots.pairs import run_pairs
from xsim_core.robots.rollout import RolloutResult


def acted(outcomes, *, decided_after=99):
    """Who acted from which start, given what each comes to."""
    order = []

    def attempt(which, seed):
        order.append((which, seed))
        return RolloutResult(outcomes[which][seed], "", 1, {})

    def is_decided(old, new):
        assert len(old) == len(new)
        assert old == [outcome == "success" for outcome in outcomes[0][: len(old)]]
        return len(old) >= decided_after

    run_pairs(attempt, range(len(outcomes[0])), is_decided=is_decided)
    return order


def test_each_start_is_tried_by_both_who_take_turns_to_be_first():
    won = ["success", "failure", "success"]
    assert acted([won, won]) == [(0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)]
    assert len(acted([won, won], decided_after=2)) == 4


def test_a_robot_that_was_stopped_or_lost_ends_it():
    for outcome in ("stopped", "lost"):
        assert acted([["success", "success"], [outcome, "success"]]) == [(0, 0), (1, 0)]
