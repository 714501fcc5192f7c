"""xsim_core/policies/teacher.py: the NumPy policy is the trained one; statistics merge exactly."""

import numpy as np
import pytest
import torch

from xsim_core.policies.teacher import (
    OBS_CLIP,
    VAR_FLOOR,
    ActorCritic,
    RunningNormaliser,
    actor_from_arrays,
    normalise,
    teacher_arrays,
)


def trained(seed=0):
    """A network with weights that matter and a normaliser that saw something."""
    net, normaliser = ActorCritic(7, 3, (16, 12), seed=seed), RunningNormaliser(7)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            p += 0.1 * torch.from_numpy(rng.standard_normal(p.shape)).float()
    normaliser.update(rng.normal(2, 3, (500, 7)))
    return net, normaliser, rng.normal(2, 3, (20, 7))


def test_the_stored_policy_acts_as_the_network_does():
    net, normaliser, obs = trained()
    actor = actor_from_arrays(teacher_arrays(net, normaliser))
    with torch.no_grad():
        mean, _ = net(torch.from_numpy(normaliser(obs)))
    np.testing.assert_allclose(actor.act(obs), mean.clamp(-1, 1).numpy(), atol=1e-4)
    np.testing.assert_allclose(actor.act(obs[0]), actor.act(obs)[0], atol=1e-6)
    assert actor.act(100 * obs).dtype == np.float32
    assert np.abs(actor.act(100 * obs)).max() <= 1


def test_layers_are_in_order_however_many():
    net, normaliser = ActorCritic(4, 2, (5,) * 11, seed=0), RunningNormaliser(4)
    actor = actor_from_arrays(teacher_arrays(net, normaliser))
    shapes = [weight.shape for weight, _ in actor.layers]
    assert shapes == [(5, 4)] + [(5, 5)] * 10 + [(2, 5)]


def test_merged_statistics_are_those_of_all_observations():
    rng = np.random.default_rng(0)
    batches = [rng.normal(k, 1 + k, (int(n), 4)) for k, n in enumerate((5, 300, 1, 40))]
    normaliser = RunningNormaliser(4)
    for batch in batches:
        normaliser.update(batch)
    everything = np.concatenate(batches)
    np.testing.assert_allclose(normaliser.mean, everything.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(normaliser.var, everything.var(axis=0), rtol=1e-4)
    scaled = normaliser(everything)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=0.02)


def test_a_constant_observation_is_not_blown_up_and_an_absurd_one_is_clipped():
    found = normalise(np.array([[1.0 + 1e-3, 50.0]]), np.array([1.0, 0]), np.array([0.0, 1.0]))
    assert found[0, 0] == pytest.approx(1e-3 / VAR_FLOOR**0.5)
    assert found[0, 1] == OBS_CLIP


def test_log_prob_is_that_of_a_normal():
    net, _, _ = trained()
    mean, actions = torch.randn(6, 3), torch.randn(6, 3)
    normal = torch.distributions.Normal(mean, net.log_std.detach().exp())
    torch.testing.assert_close(
        net.log_prob(mean, actions).detach(), normal.log_prob(actions).sum(-1)
    )


def test_the_seed_decides_the_first_weights():
    a, b, other = (ActorCritic(7, 3, (16,), seed=s) for s in (1, 1, 2))
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.actor[0].weight, other.actor[0].weight)
