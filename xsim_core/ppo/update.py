"""The PPO update (Schulman et al. 2017) and generalised advantages, as in CleanRL's description."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsim_core.policies.teacher import ActorCritic

from .config import PPOSettings


@dataclass(frozen=True)
class Rollout:
    """t steps of n environments."""

    obs: NDArray[np.float32]
    """(t, n, o), normalised."""
    actions: NDArray[np.float32]
    """(t, n, a), before clipping."""
    logprobs: NDArray[np.float32]
    values: NDArray[np.float32]
    rewards: NDArray[np.float32]
    """(t, n)."""
    terminated: NDArray[np.bool_]
    """(t, n) the episode is over here, and nothing follows."""
    truncated: NDArray[np.bool_]
    """(t, n) the episode was cut here by a time limit."""
    next_values: NDArray[np.float32]
    """(t, n) value of the observation after the step, before any reset."""

    @property
    def ended(self) -> NDArray[np.bool_]:
        """(t, n) either way."""
        return self.terminated | self.truncated

    @property
    def what_follows(self) -> NDArray[np.float32]:
        """(t, n) the value of what comes after the step: 0 where nothing does."""
        return np.where(self.terminated, np.float32(0), self.next_values)


def advantages_reference(
    rollout: Rollout, *, gamma: float, gae_lambda: float
) -> NDArray[np.float64]:
    """GAE (t, n) from its definition: sum over l of (gamma lambda)^l delta, cut at episode ends."""
    t, n = rollout.rewards.shape
    delta = rollout.rewards + gamma * rollout.what_follows - rollout.values
    out = np.zeros((t, n))
    for env in range(n):
        for i in range(t):
            weight = 1.0
            for j in range(i, t):
                out[i, env] += weight * delta[j, env]
                if rollout.ended[j, env]:
                    break
                weight *= gamma * gae_lambda
    return out


def advantages(rollout: Rollout, *, gamma: float, gae_lambda: float) -> NDArray[np.float32]:
    """Generalised advantage estimates (t, n).

    The value after the last step is bootstrapped where a time limit cut the episode.
    """
    delta = rollout.rewards + gamma * rollout.what_follows - rollout.values
    result, carry, goes_on = np.zeros_like(delta), np.zeros_like(delta[0]), ~rollout.ended
    for i in range(len(delta) - 1, -1, -1):
        carry = delta[i] + gamma * gae_lambda * carry * goes_on[i]
        result[i] = carry
    return result.astype(np.float32)


def ppo_update(
    net: ActorCritic,
    optimiser: torch.optim.Optimizer,
    rollout: Rollout,
    config: PPOSettings,
    *,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Several epochs over one rollout, where the network lives.

    The rollout goes there once; what comes back is one divergence an epoch, which decides whether
    there is another.

    Returns:
        Losses, and how far the policy moved.
    """
    gae = advantages(rollout, gamma=config.gamma, gae_lambda=config.gae_lambda)
    flat = {
        "obs": rollout.obs.reshape(-1, rollout.obs.shape[-1]),
        "actions": rollout.actions.reshape(-1, rollout.actions.shape[-1]),
        "logprobs": rollout.logprobs.reshape(-1),
        "advantages": gae.reshape(-1),
        "returns": (gae + rollout.values).reshape(-1),
    }
    device = net.log_std.device
    data = {k: torch.from_numpy(np.ascontiguousarray(v)).to(device) for k, v in flat.items()}
    total, figures = len(flat["logprobs"]), {"kl": 0.0, "policy_loss": 0.0, "value_loss": 0.0}
    for _ in range(config.update_epochs):
        order = torch.from_numpy(rng.permutation(total)).to(device)
        told = [
            minibatch_update(net, optimiser, {k: v[index] for k, v in data.items()}, config)
            for index in order.tensor_split(config.num_minibatches)
        ]
        kl, policy_loss, value_loss = torch.stack(told).double().cpu().numpy().T
        figures = {
            "kl": float(np.mean(kl)),
            "policy_loss": float(policy_loss[-1]),
            "value_loss": float(value_loss[-1]),
        }
        if figures["kl"] > config.target_kl:
            break
    return figures


def minibatch_update(
    net: ActorCritic,
    optimiser: torch.optim.Optimizer,
    batch: dict[str, torch.Tensor],
    config: PPOSettings,
) -> torch.Tensor:
    """One step of the optimiser; nothing is copied from the device.

    Returns:
        (3,) on the device: divergence, policy loss and value loss before the step.
    """
    mean, values = net(batch["obs"])
    log_ratio = net.log_prob(mean, batch["actions"]) - batch["logprobs"]
    ratio = log_ratio.exp()
    adv = batch["advantages"]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    clipped = ratio.clamp(1 - config.clip_coef, 1 + config.clip_coef)
    policy_loss = -torch.minimum(adv * ratio, adv * clipped).mean()
    value_loss = 0.5 * (values - batch["returns"]).square().mean()
    entropy = net.log_std.sum()
    loss = policy_loss + config.vf_coef * value_loss - config.ent_coef * entropy
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), config.max_grad_norm)
    optimiser.step()
    with torch.no_grad():
        # Schulman's low-variance estimator, "Approximating KL divergence" (2020): k3.
        kl = (ratio - 1 - log_ratio).mean()
    return torch.stack([kl, policy_loss.detach(), value_loss.detach()])
