"""xsim_core/policies/nested.py: trials of one world have much in common."""

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from xsim_core.errors import BadInputError
from xsim_core.policies.nested import nested_difference, nested_interval, sign_flip_exact
from xsim_core.policies.statistics import mcnemar_exact, wilson_interval

shapes = st.tuples(st.integers(2, 7), st.integers(1, 4), st.integers(0, 2**32 - 1))


def outcomes(shape, rate=0.6):
    worlds, trials, seed = shape
    return np.random.default_rng(seed).random((worlds, trials)) < rate


@given(shapes, st.floats(0, 1))
def test_an_interval_holds_its_rate_and_lies_within_0_and_1(shape, rate):
    success = outcomes(shape, rate)
    low, high = nested_interval(success)
    assert 0 <= low <= success.mean() <= high <= 1
    assert high - low > 0


def test_worlds_that_agree_say_more_than_worlds_that_do_not():
    alike = np.tile([True, True, True, False], (10, 1))
    apart = np.repeat([True] * 7 + [False] * 3, 4).reshape(10, 4)
    widths = [high - low for low, high in map(nested_interval, (alike, apart))]
    assert widths[1] > 0.5 > widths[0]
    few, many = apart, np.repeat(apart, 25, axis=1)  # More trials of the same ten worlds.
    assert nested_interval(many) == pytest.approx(nested_interval(few), abs=0.02)


def test_trials_that_worlds_do_not_part_are_nearly_wilsons():
    success = np.random.default_rng(1).random((400, 2)) < 0.7
    plain = wilson_interval(int(success.sum()), success.size)
    assert nested_interval(success) == pytest.approx(plain, abs=0.01)


@given(shapes)
def test_a_difference_is_the_opposite_seen_from_the_other(shape):
    before, after = outcomes(shape), outcomes((*shape[:2], shape[2] + 1))
    low, high = nested_difference(before, after)
    assert low <= after.mean() - before.mean() <= high
    assert nested_difference(after, before) == pytest.approx((-high, -low))
    assert sign_flip_exact(before, after) == pytest.approx(sign_flip_exact(after, before))


def test_where_nothing_changed_the_interval_is_not_a_point():
    same = outcomes((20, 2, 0))
    low, high = nested_difference(same, same)
    assert low == -high < 0
    assert sign_flip_exact(same, same) == 1.0


@given(shapes)
def test_signs_are_flipped_in_every_way(shape):
    before, after = outcomes(shape), outcomes((*shape[:2], shape[2] + 1))
    change = (after.astype(int) - before).sum(axis=1)
    sums = [abs(np.dot(change, s)) for s in itertools.product((-1, 1), repeat=len(change))]
    expected = np.mean(np.array(sums) >= abs(change.sum()))
    assert sign_flip_exact(before, after) == pytest.approx(expected)


def test_one_trial_a_world_is_mcnemars_test():
    before, after = outcomes((30, 1, 3)), outcomes((30, 1, 4))
    assert sign_flip_exact(before, after) == pytest.approx(mcnemar_exact(before[:, 0], after[:, 0]))


@pytest.mark.parametrize("shape", [(1, 5), (4,), (3, 0)])
def test_one_world_says_nothing_of_worlds(shape):
    with pytest.raises(BadInputError, match="at least two worlds"):
        nested_interval(np.ones(shape, bool))


def test_other_worlds_are_no_pairs():
    with pytest.raises(BadInputError, match="not pairs"):
        sign_flip_exact(np.ones((3, 2), bool), np.ones((4, 2), bool))
