import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest

from xsim_core.policies.statistics import mcnemar_exact, wilson_interval


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts):
    successes, trials = counts
    theirs = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson_interval(successes, trials), theirs, atol=1e-9)


def test_wilson_at_the_edges():
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 10)[0] == 0.0
    assert wilson_interval(10, 10)[1] == 1.0
    with pytest.raises(ValueError, match="11 successes of 10"):
        wilson_interval(11, 10)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_the_sign_test_on_discordant_pairs(pairs):
    before, after = np.array(pairs).T
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar_exact(before, after) == pytest.approx(expected)
    assert mcnemar_exact(after, before) == pytest.approx(expected)


def test_mcnemar_needs_pairs():
    with pytest.raises(ValueError, match="not pairs"):
        mcnemar_exact([True], [True, False])
