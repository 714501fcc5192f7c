"""The privileged-state policy: an actor-critic MLP and its observation normaliser."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsim_core.geometry.arrays import Normalised, Observations, PerObservation, PolicyActions

if TYPE_CHECKING:
    from xsim_core.artifacts import TeacherPolicy
    from xsim_core.storage import OpenArtifact

OBS_CLIP = 8.0
VAR_FLOOR = 1e-6
"""A millimetre, squared: constant observations must not be blown up into noise."""


class RunningNormaliser:
    """Mean and variance of observations, merged batch by batch (Chan et al. 1979)."""

    def __init__(self, obs_dim: int) -> None:
        self.mean = np.zeros(obs_dim)
        self.var = np.ones(obs_dim)
        self.count = 1e-4

    def update(self, obs: Observations) -> None:
        """Take in observations (n, o)."""
        mean, var, n = obs.mean(axis=0), obs.var(axis=0), len(obs)
        delta, total = mean - self.mean, self.count + n
        self.var = (self.var * self.count + var * n + delta**2 * self.count * n / total) / total
        self.mean = self.mean + delta * n / total
        self.count = total

    def __call__(self, obs: Observations) -> Normalised:
        """Normalised observations."""
        return normalise(obs, self.mean, self.var)


def normalise(obs: Observations, mean: PerObservation, var: PerObservation) -> Normalised:
    """Observations (..., o) with zero mean and unit variance, clipped."""
    scaled = (obs - mean) / np.sqrt(np.maximum(var, VAR_FLOOR))
    return np.clip(scaled, -OBS_CLIP, OBS_CLIP).astype(np.float32)


def _mlp(sizes: Sequence[int], *, last_gain: float, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layer = nn.Linear(n_in, n_out)
        is_last = i == len(sizes) - 2
        gain = last_gain if is_last else 2**0.5
        nn.init.orthogonal_(layer.weight, gain, generator=generator)
        nn.init.zeros_(layer.bias)
        layers.append(layer)
        if not is_last:
            layers.append(nn.Tanh())
    return nn.Sequential(*layers)


class ActorCritic(nn.Module):
    """Separate tanh MLPs; Gaussian actions with a state-independent standard deviation."""

    def __init__(
        self,
        obs_dim: int,
        action_dim: int,
        hidden_sizes: Sequence[int],
        *,
        seed: int,
        log_std_init: float = -0.5,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.actor = _mlp(
            (obs_dim, *hidden_sizes, action_dim), last_gain=0.01 * 2**0.5, generator=generator
        )
        self.critic = _mlp((obs_dim, *hidden_sizes, 1), last_gain=1.0, generator=generator)
        self.log_std = nn.Parameter(torch.full((action_dim,), log_std_init))

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Action means (n, a) and values (n,) of normalised observations (n, o)."""
        return self.actor(obs), self.critic(obs).squeeze(-1)

    def log_prob(self, mean: Tensor, actions: Tensor) -> Tensor:
        """Log-density (n,) of actions (n, a)."""
        z = (actions - mean) * torch.exp(-self.log_std)
        return (-0.5 * z**2 - self.log_std - 0.9189385332046727).sum(dim=-1)


@dataclass(frozen=True)
class TeacherActor:
    """The deterministic policy, in NumPy: no torch threads, no gradients."""

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    """(weight (out, in), bias (out,)) from input to output."""
    obs_mean: PerObservation
    obs_var: PerObservation

    def act(self, obs: Observations) -> PolicyActions:
        """Actions (..., a) in [-1, 1] of privileged observations (..., o)."""
        x = normalise(obs, self.obs_mean, self.obs_var)
        for i, (weight, bias) in enumerate(self.layers):
            x = x @ weight.T + bias
            if i < len(self.layers) - 1:
                x = np.tanh(x)
        return np.clip(x, -1.0, 1.0)


def teacher_arrays(net: ActorCritic, normaliser: RunningNormaliser) -> dict[str, NDArray[Any]]:
    """Arrays of a TeacherPolicy: ``weights/*``, ``obs_mean``, ``obs_var``."""
    state = net.state_dict()
    arrays = {f"weights/{k}": v.detach().cpu().numpy().astype(np.float32) for k, v in state.items()}
    arrays["obs_mean"] = normaliser.mean.astype(np.float32)
    arrays["obs_var"] = normaliser.var.astype(np.float32)
    return arrays


def actor_from_arrays(arrays: dict[str, NDArray[Any]]) -> TeacherActor:
    """The deterministic policy in a TeacherPolicy's arrays."""
    names = [n for n in arrays if n.startswith("weights/actor.") and n.endswith(".weight")]
    names.sort(key=lambda n: int(n.split(".")[1]))
    layers = tuple((arrays[n], arrays[n.replace(".weight", ".bias")]) for n in names)
    return TeacherActor(layers, arrays["obs_mean"], arrays["obs_var"])


def load_teacher(teacher: "OpenArtifact[TeacherPolicy]") -> TeacherActor:
    """The deterministic policy of a stored teacher."""
    arrays = {f"weights/{k}": v for k, v in teacher.arrays("weights").items()}
    arrays["obs_mean"], arrays["obs_var"] = teacher.array("obs_mean"), teacher.array("obs_var")
    return actor_from_arrays(arrays)
