"""The networks of the image policy: a small residual encoder and a FiLM-conditioned denoiser."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.geometry.tensors import (
    Chunks,
    Conditions,
    FeatureMaps,
    Features,
    ImageWindows,
    ProprioWindows,
    Steps,
)

from .config import StudentArchitecture


def _norm(channels: int) -> nn.GroupNorm:
    # GroupNorm needs no batch statistics, so EMA weights and batch size 1 behave as in training.
    return nn.GroupNorm(8, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a strided shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = _norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = _norm(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: FeatureMaps) -> FeatureMaps:
        """(b, inputs, h, w) to (b, outputs, h/stride, w/stride)."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class SpatialSoftmax(nn.Module):
    """Expected image coordinates of each channel (Levine et al. 2016), learnt temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.log_temperature = nn.Parameter(torch.zeros(1))

    def forward(self, x: FeatureMaps) -> Features:
        """(b, c, h, w) to (b, 2c) in [-1, 1]."""
        b, c, h, w = x.shape
        weight = F.softmax(x.reshape(b, c, h * w) * self.log_temperature.exp(), dim=-1)
        weight = weight.reshape(b, c, h, w)
        u = (weight.sum(2) * torch.linspace(-1, 1, w, device=x.device)).sum(-1)
        v = (weight.sum(3) * torch.linspace(-1, 1, h, device=x.device)).sum(-1)
        return torch.cat([u, v], dim=-1)


class ImageEncoder(nn.Module):
    """RGB in [-0.5, 0.5] to an embedding; ``features`` stops before the last projection."""

    def __init__(self, architecture: StudentArchitecture) -> None:
        super().__init__()
        a, b, c = architecture.channels
        h, w = architecture.image_hw
        self.stem = nn.Sequential(nn.Conv2d(3, a, 5, 2, 2, bias=False), _norm(a), nn.ReLU())
        self.level1 = ResidualBlock(a, b, 2)
        self.level2 = ResidualBlock(b, c, 2)
        if architecture.head == "flatten":
            k = architecture.head_channels
            self.head: nn.Module = nn.Sequential(nn.Conv2d(c, k, 1), nn.ReLU(), nn.Flatten())
            self.feature_dim = k * math.ceil(h / 8) * math.ceil(w / 8)
        else:
            self.head = SpatialSoftmax()
            self.feature_dim = 2 * c
        width = architecture.embed_dim
        self.project = nn.Sequential(
            nn.Linear(self.feature_dim, width), nn.LayerNorm(width), nn.SiLU()
        )

    def features(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) to (b, f): what calibration aligns."""
        x = rgb.contiguous(memory_format=torch.channels_last)
        return self.head(self.level2(self.level1(self.stem(x))))

    def forward(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) to (b, embed_dim)."""
        return self.project(self.features(rgb))


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
        condition = torch.cat([condition, _sinusoids(step, self.step_dim)], dim=-1)
        x = self.inputs(noisy.flatten(1))
        for block in self.blocks:
            x = block(x, condition)
        return self.outputs(x).reshape(noisy.shape)


def _sinusoids(step: Steps, dim: int) -> Features:
    places = torch.arange(dim // 2, device=step.device)
    frequency = torch.exp(places * (-math.log(1000.0) / (dim // 2 - 1)))
    angle = step.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class StudentNet(nn.Module):
    """Encoder, proprioception and denoiser of the image policy."""

    def __init__(self, architecture: StudentArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = ImageEncoder(architecture)
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        state_width = 64
        self.state = nn.Sequential(nn.Linear(architecture.state_dim, state_width), nn.SiLU())
        condition = architecture.n_obs_steps * (architecture.embed_dim + state_width)
        self.denoiser = ChunkDenoiser(architecture, condition)

    def condition(self, rgb: ImageWindows, state: ProprioWindows) -> Conditions:
        """What the denoiser is conditioned on.

        Args:
            rgb: (b, To, 3, h, w) in [-0.5, 0.5].
            state: (b, To, s) normalised.

        Returns:
            (b, c).
        """
        b = rgb.shape[0]
        image = self.encoder(rgb.flatten(0, 1)).reshape(b, -1)
        return torch.cat([image, self.state(state).reshape(b, -1)], dim=-1).reshape(b, -1)

    def denoise(self, noisy: Chunks, step: Steps, condition: Conditions) -> Chunks:
        """One evaluation of the denoiser; shapes as ``ChunkDenoiser``."""
        return self.denoiser(noisy, step, condition)
