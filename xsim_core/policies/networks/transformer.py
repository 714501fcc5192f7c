"""A transformer over the actions of a chunk, told noise level and observation by adaLN-Zero.

The blocks are DiT's (Peebles & Xie 2023): attention between the chunk's actions and an MLP, each
after a LayerNorm that is scaled and shifted, and before a gate, by what is learnt of the condition.
Gates and the last layer begin at zero, so that every block begins as the identity.
"""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.geometry.tensors import Chunks, Conditions, Features, Steps, Tokens
from xsim_core.policies.config import StudentArchitecture, TransformerArchitecture

from .base import sinusoids


class Modulation(nn.Module):
    """``count`` vectors (b, 1, width) of a condition (b, width), zero at first."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.linear = nn.Linear(width, count * width)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, condition: Features) -> tuple[torch.Tensor, ...]:
        """Scales, shifts and gates, in the order in which they are used."""
        return self.linear(F.silu(condition))[:, None].chunk(self.count, dim=-1)


class DiTBlock(nn.Module):
    """Attention and MLP, modulated."""

    def __init__(self, of: TransformerArchitecture) -> None:
        super().__init__()
        self.num_heads = of.num_heads
        self.modulation = Modulation(of.width, 6)
        self.norm1 = nn.LayerNorm(of.width, elementwise_affine=False)
        self.qkv = nn.Linear(of.width, 3 * of.width)
        self.attended = nn.Linear(of.width, of.width)
        self.norm2 = nn.LayerNorm(of.width, elementwise_affine=False)
        hidden = of.mlp_ratio * of.width
        self.mlp = nn.Sequential(
            nn.Linear(of.width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, of.width)
        )

    def forward(self, x: Tokens, condition: Features) -> Tokens:
        """(b, T, width), (b, width) to (b, T, width)."""
        scale1, shift1, gate1, scale2, shift2, gate2 = self.modulation(condition)
        x = x + gate1 * self._attend(self.norm1(x) * (1 + scale1) + shift1)
        return x + gate2 * self.mlp(self.norm2(x) * (1 + scale2) + shift2)

    def _attend(self, x: Tokens) -> Tokens:
        q, k, v = (
            part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        return self.attended(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class TransformerDenoiser(nn.Module):
    """Predicts what the objective asks for, one token an action; every action sees all others."""

    def __init__(self, architecture: StudentArchitecture, condition: int) -> None:
        super().__init__()
        of = architecture.transformer or TransformerArchitecture()
        self.width = of.width
        self.inputs = nn.Linear(architecture.action_dim, of.width)
        self.places = nn.Parameter(0.02 * torch.randn(architecture.horizon, of.width))
        self.step = nn.Sequential(
            nn.Linear(of.width, of.width), nn.SiLU(), nn.Linear(of.width, of.width)
        )
        self.observed = nn.Linear(condition, of.width)
        self.blocks = nn.ModuleList(DiTBlock(of) for _ in range(of.depth))
        self.norm = nn.LayerNorm(of.width, elementwise_affine=False)
        self.modulation = Modulation(of.width, 2)
        self.outputs = nn.Linear(of.width, architecture.action_dim)
        nn.init.zeros_(self.outputs.weight)
        nn.init.zeros_(self.outputs.bias)

    def forward(self, noisy: Chunks, step: Steps, condition: Conditions) -> Chunks:
        """(b, T, a), (b,), (b, c) to (b, T, a)."""
        level = sinusoids(step, self.width, longest=1000.0).to(noisy.dtype)
        told = self.step(level) + self.observed(condition)
        x = self.inputs(noisy) + self.places
        for block in self.blocks:
            x = block(x, told)
        scale, shift = self.modulation(told)
        return self.outputs(self.norm(x) * (1 + scale) + shift)
