"""xsim_core/calibrate/harm.py: a student that calibration made worse is objected to."""

import itertools
import math

import numpy as np
import pytest

from tests.calibrate.test_finetune import in_reality, toy_pairs
from tests.policies.toy import SMALL
from xsim_core.calibrate.harm import (
    MIN_PAIRS,
    in_simulation,
    judge,
    on_held_out,
    teacher_error,
)
from xsim_core.policies import MinMaxNormalizer, Student
from xsim_core.policies.fitting import new_net
from xsim_core.policies.misses import mean_actions

RANGE = MinMaxNormalizer.fit(np.array([[-1.0, -1.0], [1.0, 1.0]]))


def student(seed=0):
    return Student(new_net(SMALL, seed=seed).eval(), RANGE, RANGE)


def same(n):
    return lambda _: np.ones(n, bool)


def test_what_is_unchanged_does_no_harm():
    pairs = toy_pairs(2)
    verdict = judge(student(), student(), pairs, same(30))
    assert verdict.objections == ()
    assert verdict.figures["action_gap_before"] == verdict.figures["action_gap_after"] > 0
    assert verdict.figures["kept_gained"] == verdict.figures["kept_lost"] == 0


def test_one_that_loses_more_seeds_than_it_gains_is_objected_to_by_its_counts():
    before = np.array([True] * 26 + [False] * 4)
    after = before.copy()
    after[:6] = False
    objection, figures = in_simulation(before, after)
    assert objection == "in simulation it succeeds 20 of 30 times instead of 26 (0 gained, 6 lost)"
    assert figures["kept_mcnemar_p"] == pytest.approx(2 / 2**6)
    after[26:] = True
    assert in_simulation(before, after)[0] is not None  # 4 gained, 6 lost.
    after[0:2] = True
    assert in_simulation(before, after)[0] is None  # As many gained as lost.


def chance_of_passing(gained, lost, n=30):
    """Exact: of n pairs, each gained or lost with these probabilities."""
    chance = 0.0
    for g, k in itertools.product(range(n + 1), repeat=2):
        if k <= g and g + k <= n:
            ways = math.comb(n, g) * math.comb(n - g, k)
            chance += ways * gained**g * lost**k * (1 - gained - lost) ** (n - g - k)
    return chance


def test_the_trials_let_pass_what_the_page_says():
    # docs/calibration.md, "Do no harm".
    assert chance_of_passing(0.10, 0.10) == pytest.approx(0.58, abs=0.005)
    assert chance_of_passing(0.15, 0.05) == pytest.approx(0.93, abs=0.005)
    assert chance_of_passing(0.05, 0.15) == pytest.approx(0.14, abs=0.005)
    assert chance_of_passing(0.0, 0.20) == pytest.approx(0.0012, abs=0.0005)


def test_actions_on_real_frames_must_come_no_further_from_those_at_home():
    pairs = toy_pairs(2)
    weights = student().net
    pairs.real[:] = in_reality(pairs.sim)
    plain = Student(weights, RANGE, RANGE)
    home = mean_actions(plain, pairs.sim, pairs.state)
    assert home.shape == (len(pairs), SMALL.n_action_steps, 2)
    np.testing.assert_array_equal(home, mean_actions(plain, pairs.sim, pairs.state))

    class AtHome(Student):
        def sample_actions(self, rgb, state, noise):
            return super().sample_actions(pairs.sim[:, None], state, noise)

    objection, figures = on_held_out(plain, AtHome(weights, RANGE, RANGE), pairs)
    assert objection is None
    assert figures["action_gap_after"] == pytest.approx(0, abs=1e-6)
    objection, figures = on_held_out(AtHome(weights, RANGE, RANGE), plain, pairs)
    assert f"{len(pairs)} real frames" in objection
    assert figures["action_gap_after"] > figures["action_gap_before"]


def test_where_the_teacher_was_asked_its_actions_are_the_yardstick():
    pairs = toy_pairs(2, is_taught=True)
    plain = student()
    acted = mean_actions(plain, pairs.real, pairs.state)
    pairs.action[:, : acted.shape[1]] = acted + np.array([0.3, 0.4])
    pairs.mask[0] = 0
    pairs.action[0] = 9.0  # What the mask leaves out does not count.
    assert teacher_error(plain, pairs) == pytest.approx(0.5, abs=1e-5)
    verdict = judge(plain, student(seed=1), pairs, same(30))
    assert "action_gap_after" not in verdict.figures
    assert verdict.figures["teacher_error_before"] == pytest.approx(0.5, abs=1e-5)
    after = verdict.figures["teacher_error_after"]
    is_worse = after > verdict.figures["teacher_error_before"]
    assert ("those of the teacher" in "".join(verdict.objections)) == is_worse
    pairs.action[:, : acted.shape[1]] = acted
    (objection,) = judge(plain, student(seed=1), pairs, same(30)).objections
    assert objection.startswith(f"on {len(pairs)} real frames of held-out rollouts its actions are")
    assert "further from those of the teacher" in objection


def test_too_few_held_out_pairs_show_nothing():
    few = toy_pairs(1).take(np.arange(MIN_PAIRS - 1))
    verdict = judge(student(), student(), few, same(4))
    (objection,) = verdict.objections
    assert "num_held_out" in objection
    assert verdict.figures["kept_trials"] == 4
