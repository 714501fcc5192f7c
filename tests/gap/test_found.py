"""xsim_core/gap/found.py: what a ladder says is what was put in, and no more than it shows."""

import itertools
import math

import numpy as np
import pytest

from tests.gap.places import Rungs
from xsim_core.gap import found_gap, ladder_of
from xsim_core.policies.nested import nested_difference

NAMES = ("room", "lights", "camera")


def losing(costs, trials=100):
    """Outcomes in which each of the world's factors loses trials of its own."""

    def outcome(factors):
        success = np.ones((1, trials), bool)
        begin = 0
        for name, cost in costs.items():
            if name in factors:
                success[0, begin : begin + cost] = False
            begin += cost
        return success

    return outcome


def test_parts_that_do_not_depend_on_each_other_cost_what_was_put_in_either_way():
    gap = found_gap(
        ladder_of(NAMES), Rungs(losing({"room": 5, "lights": 30, "camera": 0})), policy="student"
    )
    assert {p.name: p.change.difference for p in gap.parts} == pytest.approx(
        {"room": -0.05, "lights": -0.3, "camera": 0.0}
    )
    for part in gap.parts:
        assert (
            part.forwards == pytest.approx(part.backwards) == pytest.approx(part.change.difference)
        )
        assert part.low_of_all <= part.change.low <= part.change.high <= part.high_of_all
    assert gap.total.difference == pytest.approx(-0.35)
    assert (gap.total.gained, gap.total.lost) == (0, 35)
    assert "lights costs most, -0.30" in gap.said
    assert "more than room, the next (-0.05), is shown" in gap.said


def test_steps_of_either_way_add_up_to_the_whole():
    rng = np.random.default_rng(3)
    drawn = {}
    gap = found_gap(
        ladder_of(NAMES),
        Rungs(lambda factors: drawn.setdefault(factors, rng.random((1, 40)) < 0.6)),
        policy="student",
    )
    up = sum(r.change.difference for r in gap.forwards[1:])
    down = sum(r.change.difference for r in gap.backwards[1:])
    assert up == pytest.approx(gap.total.difference) == pytest.approx(-down)
    assert sum(p.change.difference for p in gap.parts) == pytest.approx(gap.total.difference)
    assert gap.forwards[0].successes == gap.backwards[-1].successes


def test_where_nothing_is_shown_nothing_is_said_to_cost():
    gap = found_gap(ladder_of(NAMES), Rungs(losing({"room": 1, "lights": 2}, 24)), policy="s")
    assert "no part is shown to cost success: the lowest, lights" in gap.said
    assert "holds 0" in gap.said


def test_that_one_costs_more_than_the_next_is_said_only_where_it_is_shown():
    gap = found_gap(ladder_of(NAMES), Rungs(losing({"room": 20, "lights": 24})), policy="s")
    assert "lights costs most" in gap.said
    assert "room, the next (-0.20), is not shown" in gap.said


def test_over_drawn_worlds_the_worlds_are_the_units():
    def outcome(factors):  # In half of the worlds the lights cost all trials.
        success = np.ones((10, 4), bool)
        success[:5] = "lights" not in factors
        return success

    nested = found_gap(ladder_of(("lights",)), Rungs(outcome, num_worlds=10), policy="s")
    alone = found_gap(
        ladder_of(("lights",)), Rungs(lambda f: outcome(f).reshape(1, -1)), policy="s"
    )
    assert nested.total.difference == alone.total.difference == -0.5
    widths = [g.total.high - g.total.low for g in (nested, alone)]
    assert widths[0] > 1.8 * widths[1]
    assert nested.forwards[-1].high - nested.forwards[-1].low > 0.5
    assert "in 10 drawn worlds" in nested.said


@pytest.mark.parametrize(("gained", "lost"), [(0.05, 0.05), (0.1, 0.2), (0.05, 0.3), (0, 0.2)])
def test_the_interval_of_paired_trials_holds_the_difference_as_often_as_it_says(gained, lost):
    n, covered = 48, 0.0
    for up, down in itertools.product(range(22), range(34)):
        if up + down > n:
            continue
        chance = math.comb(n, up) * math.comb(n - up, down) * gained**up * lost**down
        chance *= (1 - gained - lost) ** (n - up - down)
        if chance < 1e-7:
            continue
        before, after = np.zeros((2, n, 1), bool)
        before[:down], after[down : down + up] = True, True
        low, high = nested_difference(before, after)
        covered += chance * (low <= gained - lost <= high)
    assert covered > 0.95
    # Where hardly a trial changes it is wider than it need be.
    assert covered < 0.975 or gained + lost < 0.15
