import numpy as np
import torch

from xsim_core.policies.teacher import (
    ActorCritic,
    RunningNormaliser,
    actor_from_arrays,
    teacher_arrays,
)
from xsim_core.ppo import PPOConfig
from xsim_core.ppo.checkpoint import load_checkpoint, save_checkpoint
from xsim_core.ppo.update import Rollout, advantages, advantages_reference, ppo_update


def rollout(rng, t=12, n=5, o=4, a=2):
    f = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    truncated = np.zeros((t, n), bool)
    truncated[3, 1:3] = truncated[-1] = True
    terminated = np.zeros((t, n), bool)
    terminated[6, 0] = terminated[7, 2] = True
    columns = (f(t, n, o), f(t, n, a), f(t, n), f(t, n), f(t, n), terminated, truncated, f(t, n))
    return Rollout(*columns)


def test_advantages_equal_the_definition():
    r = rollout(np.random.default_rng(0))
    fast = advantages(r, gamma=0.9, gae_lambda=0.8)
    slow = advantages_reference(r, gamma=0.9, gae_lambda=0.8)
    np.testing.assert_allclose(fast, slow, atol=1e-5)  # float32 sums of twelve terms


def test_log_prob_is_the_normal_density():
    net = ActorCritic(3, 2, (8,), seed=0, log_std_init=0.3)
    mean, action = torch.randn(4, 2), torch.randn(4, 2)
    wanted = torch.distributions.Normal(mean, np.exp(0.3)).log_prob(action).sum(-1)
    torch.testing.assert_close(net.log_prob(mean, action), wanted)


def test_update_learns_a_bandit():
    """The action that the observation names is rewarded: PPO must find it."""
    rng, net = np.random.default_rng(0), ActorCritic(1, 1, (16,), seed=0)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    config = PPOConfig(target_kl=0.1)
    for _ in range(60):
        obs = rng.uniform(-1, 1, (1, 256, 1)).astype(np.float32)
        with torch.no_grad():
            mean, values = net(torch.from_numpy(obs[0]))
            std = net.log_std.exp().numpy()
            actions = mean.numpy() + rng.normal(size=(256, 1)).astype(np.float32) * std
            logprobs = net.log_prob(mean, torch.from_numpy(actions)).numpy()
        rewards = -np.abs(actions[:, 0] - 0.5 * obs[0, :, 0])[None]
        values = values.numpy()[None]
        ended = np.ones((1, 256), bool)
        batch = Rollout(
            obs, actions[None], logprobs[None], values, rewards, ended, ended, 0 * values
        )
        ppo_update(net, optimiser, batch, config, rng=rng)
    x = torch.linspace(-1, 1, 9)[:, None]
    assert float((net.actor(x) - 0.5 * x).detach().abs().mean()) < 0.1


def test_numpy_actor_equals_the_network():
    rng, net, normaliser = np.random.default_rng(0), ActorCritic(5, 3, (16, 16), seed=1), None
    normaliser = RunningNormaliser(5)
    obs = rng.normal(size=(20, 5)) * [1, 2, 3, 4, 0] + 1
    normaliser.update(obs[:11])
    normaliser.update(obs[11:])
    np.testing.assert_allclose(normaliser.mean, obs.mean(0), atol=1e-3)
    np.testing.assert_allclose(normaliser.var, obs.var(0), atol=1e-3)
    net.actor[-1].weight.data *= 50
    wanted = net.actor(torch.from_numpy(normaliser(obs))).clamp(-1, 1).detach().numpy()
    actor = actor_from_arrays(teacher_arrays(net, normaliser))
    np.testing.assert_allclose(actor.act(obs), wanted, atol=1e-5)


def test_checkpoint_round_trip_continues_identically(tmp_path):
    def fresh():
        net = ActorCritic(4, 2, (8,), seed=3)
        return net, torch.optim.Adam(net.parameters(), lr=1e-3), RunningNormaliser(4)

    def advance(net, optimiser, seed):
        rng = np.random.default_rng(seed)
        ppo_update(net, optimiser, rollout(rng), PPOConfig(), rng=rng)

    net, optimiser, normaliser = fresh()
    normaliser.update(np.ones((3, 4)))
    advance(net, optimiser, 0)
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, net, optimiser, normaliser, {"iteration": 1}, {"obs_mean": np.ones(4)})
    advance(net, optimiser, 1)
    net2, optimiser2, normaliser2 = fresh()
    record, best = load_checkpoint(path, net2, optimiser2, normaliser2)
    assert record["iteration"] == 1
    assert best["obs_mean"].tolist() == [1, 1, 1, 1]
    advance(net2, optimiser2, 1)
    for a, b in zip(net.parameters(), net2.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    np.testing.assert_array_equal(normaliser.mean, normaliser2.mean)
    assert load_checkpoint(tmp_path / "absent.npz", *fresh()) is None
