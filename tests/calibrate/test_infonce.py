import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from xsim_core.calibrate.infonce import (
    alignment,
    infonce,
    near_duplicates,
    retrieval_accuracy,
)

batches = st.tuples(st.integers(2, 12), st.integers(2, 16), st.integers(0, 2**31 - 1))


def features(b, f, seed):
    g = torch.Generator().manual_seed(seed)
    return torch.randn((b, f), generator=g), torch.randn((b, f), generator=g)


def loss(real, sim, **kwargs):
    return float(infonce(real.double(), sim.double(), **{"temperature": 0.1, **kwargs}))


@settings(deadline=None)
@given(batches)
def test_directions_are_alike(shape):
    real, sim = features(*shape)
    assert loss(real, sim) == pytest.approx(loss(sim, real), rel=1e-6)


@settings(deadline=None)
@given(batches, st.floats(0.1, 10))
def test_the_order_of_pairs_and_the_scale_of_features_do_not_matter(shape, scale):
    real, sim = features(*shape)
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(1))
    assert loss(real, sim) == pytest.approx(loss(real[order] * scale, sim[order]), rel=1e-6)


@settings(deadline=None)
@given(batches)
def test_bounds(shape):
    real, sim = features(*shape)
    b = len(real)
    # Cosines lie in [-1, 1], so the loss lies within 2 / temperature of the uninformed log b.
    assert 0 <= loss(real, sim) <= math.log(b) + 2 / 0.1
    assert loss(real[:1].repeat(b, 1), sim) == pytest.approx(
        loss(sim, real[:1].repeat(b, 1)), rel=1e-6
    )
    same = real[:1].repeat(b, 1)
    assert loss(same, same) == pytest.approx(math.log(b), rel=1e-6)


@settings(deadline=None)
@given(batches)
def test_a_perfect_pairing_is_never_worse_than_a_shuffled_one(shape):
    real, _ = features(*shape)
    assert loss(real, real) <= loss(real, real.roll(1, 0)) + 1e-9


@settings(deadline=None)
@given(batches)
def test_ignored_duplicates_are_no_negatives(shape):
    real, sim = features(*shape)
    b = len(real)
    doubled = torch.cat([real, real]), torch.cat([sim, sim])
    same = torch.eye(b, dtype=torch.bool).repeat(2, 2)
    assert loss(*doubled, ignore=same) < loss(*doubled)
    assert loss(real, sim, ignore=torch.ones(b, b, dtype=torch.bool)) == pytest.approx(0, abs=1e-9)


def test_the_gradient_pulls_pairs_together():
    real, sim = features(8, 16, 0)
    real.requires_grad_()
    before = alignment(real.detach(), sim)
    for _ in range(200):
        (gradient,) = torch.autograd.grad(infonce(real, sim, temperature=0.1), real)
        real = (real - 2.0 * gradient).detach().requires_grad_()
    assert alignment(real.detach(), sim) > before + 0.2
    assert retrieval_accuracy(real.detach(), sim, np.eye(8, dtype=bool)) == 1.0


def test_near_duplicates_need_everything_to_stand_still():
    positions = np.zeros((3, 2, 3))
    positions[1, 0, 0] = 0.005
    positions[2, 1, 1] = 0.05
    expected = [[True, True, False], [True, True, False], [False, False, True]]
    np.testing.assert_array_equal(near_duplicates(positions, 0.01), expected)


def test_retrieval_counts_duplicates_as_right():
    sim = torch.eye(3)
    real = sim[[1, 0, 2]]
    same = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    assert retrieval_accuracy(real, sim, np.eye(3, dtype=bool)) == pytest.approx(1 / 3)
    assert retrieval_accuracy(real, sim, same) == 1.0


@given(batches)
def test_one_way_is_the_cross_entropy_of_rows(shape):
    real, sim = features(*shape)
    rows = torch.nn.functional.normalize(real.double(), dim=1)
    columns = torch.nn.functional.normalize(sim.double(), dim=1)
    expected = -(rows @ columns.T / 0.1).log_softmax(dim=1).diagonal().mean()
    one, other = loss(real, sim, both_ways=False), loss(sim, real, both_ways=False)
    assert one == pytest.approx(float(expected))
    assert loss(real, sim) == pytest.approx((one + other) / 2)
