"""The small image encoder: a few residual convolutions, then a vector."""

import math

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.geometry.tensors import FeatureMaps, Features
from xsim_core.policies.config import StudentArchitecture

from .base import Encoder


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


class ImageEncoder(Encoder):
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
