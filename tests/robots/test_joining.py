"""xsim_core/robots/joining.py: averages, masks and what a chunk is to keep of the one before."""

import numpy as np
import pytest

from xsim_core.robots.joining import Chunk, ensembled, prior_of, soft_mask

DT_S = 0.1


def chunk(begin_s, first=0.0):
    """Eight actions (first, i)."""
    return Chunk(np.array([[first, i] for i in range(8)], np.float32), begin_s)


def test_all_chunks_that_have_an_action_now_are_averaged_the_oldest_most():
    chunks = [chunk(0.0, 1.0), chunk(0.3, 2.0), chunk(0.4, 4.0)]
    found = ensembled(chunks, 0.5, DT_S, rate=0.5)
    w = np.exp(-0.5 * np.arange(3))
    np.testing.assert_allclose(found, [w @ [1, 2, 4] / w.sum(), w @ [5, 2, 1] / w.sum()], 1e-6)
    # The first has ended, the third alone goes so far.
    np.testing.assert_array_equal(ensembled(chunks, 1.1, DT_S), [4, 7])
    assert ensembled(chunks, 2.0, DT_S) is None
    assert ensembled([], 0.0, DT_S) is None


def test_what_will_have_been_executed_is_held_and_the_rest_less_and_less():
    mask = soft_mask(8, held=2, overlap=6)
    # Black et al. 2025, eq. 5, written out.
    c = np.array([(6 - i) / (6 - 2 + 1) for i in range(2, 6)])
    np.testing.assert_allclose(mask, [1, 1, *(c * (np.e**c - 1) / (np.e - 1)), 0, 0], 1e-6)
    assert (np.diff(mask) <= 0).all()
    np.testing.assert_array_equal(soft_mask(4, held=9, overlap=2), [1, 1, 0, 0])


def test_a_prior_is_of_the_same_moments():
    prior = prior_of(chunk(0.0), 0.3, DT_S, delay_s=0.15)
    np.testing.assert_array_equal(prior.actions[:5, 1], [3, 4, 5, 6, 7])
    np.testing.assert_array_equal(prior.weights, soft_mask(8, held=2, overlap=5))
    assert prior.weights[5:].max() == 0


@pytest.mark.parametrize("begin_s", [-0.2, 0.8, 3.0])
def test_chunks_that_do_not_meet_keep_nothing(begin_s):
    assert prior_of(chunk(0.0), begin_s, DT_S, delay_s=0.1) is None
