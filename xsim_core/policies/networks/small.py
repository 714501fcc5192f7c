"""The small student: a FiLM-conditioned MLP over the whole chunk, and the embedding it shares."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.geometry.tensors import (
    Chunks,
    Conditions,
    Features,
    ImageWindows,
    ProprioWindows,
    Steps,
)
from xsim_core.policies.config import StudentArchitecture

from .base import StudentNet, sinusoids
from .encoder import ImageEncoder


class FiLMBlock(nn.Module):
    """A residual MLP block whose hidden units are scaled and shifted (Perez et al. 2018)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.film = nn.Linear(condition, 2 * width)
        self.outer = nn.Linear(width, width)

    def forward(self, x: Features, condition: Conditions) -> Features:
        """(b, width), (b, condition) to (b, width)."""
        scale, shift = self.film(condition).chunk(2, dim=-1)
        hidden = self.inner(self.norm(x)) * (1 + scale) + shift
        return x + self.outer(F.silu(hidden))


class ChunkDenoiser(nn.Module):
    """Predicts the clean chunk (or its noise) of actions from a noisy one."""

    def __init__(self, architecture: StudentArchitecture, condition: int) -> None:
        super().__init__()
        size = architecture.horizon * architecture.action_dim
        width = architecture.denoiser_width
        self.step_dim = 64
        self.inputs = nn.Linear(size, width)
        self.blocks = nn.ModuleList(
            FiLMBlock(width, condition + self.step_dim) for _ in range(architecture.denoiser_blocks)
        )
        self.outputs = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, size))

    def forward(self, noisy: Chunks, step: Steps, condition: Conditions) -> Chunks:
        """(b, T, a), (b,), (b, c) to (b, T, a)."""
        condition = torch.cat([condition, sinusoids(step, self.step_dim, longest=1000.0)], dim=-1)
        x = self.inputs(noisy.flatten(1))
        for block in self.blocks:
            x = block(x, condition)
        return self.outputs(x).reshape(noisy.shape)


class EmbeddedNet(StudentNet):
    """The small encoder and an embedding of proprioception before any denoiser of vectors."""

    def __init__(
        self,
        architecture: StudentArchitecture,
        denoiser: Callable[[StudentArchitecture, int], nn.Module],
    ) -> None:
        super().__init__(architecture)
        self.encoder = ImageEncoder(architecture)
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        state_width = 64
        self.state = nn.Sequential(nn.Linear(architecture.state_dim, state_width), nn.SiLU())
        condition = architecture.n_obs_steps * (architecture.embed_dim + state_width)
        self.denoiser = denoiser(architecture, condition)

    def condition(self, rgb: ImageWindows, state: ProprioWindows) -> Conditions:
        """All images' embeddings, then all states'; see ``StudentNet``."""
        b = rgb.shape[0]
        image = self.encoder(rgb.flatten(0, 1)).reshape(b, -1)
        return torch.cat([image, self.state(state).reshape(b, -1)], dim=-1).reshape(b, -1)
