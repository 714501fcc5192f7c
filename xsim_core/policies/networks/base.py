"""What every network of the image policy is to the rest: an encoder, a condition, a denoiser."""

import math
from abc import ABC, abstractmethod

import torch
from torch import nn

from xsim_core.geometry.tensors import (
    Chunks,
    Conditions,
    FeatureMaps,
    Features,
    ImageWindows,
    ProprioWindows,
    Steps,
)
from xsim_core.policies.config import StudentArchitecture


class Encoder(nn.Module, ABC):
    """From images to vectors."""

    feature_dim: int
    """Length of ``features``."""

    @abstractmethod
    def features(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) in [-0.5, 0.5] to (b, feature_dim): what calibration aligns."""

    @abstractmethod
    def forward(self, rgb: FeatureMaps) -> Features:
        """(b, 3, h, w) in [-0.5, 0.5] to the embedding that conditions the denoiser."""


class StudentNet(nn.Module, ABC):
    """Encoder, proprioception and denoiser of the image policy.

    An observation is looked at once and becomes a condition; the denoiser is then asked as often
    as the objective's sampler likes.
    """

    encoder: Encoder
    denoiser: nn.Module

    def __init__(self, architecture: StudentArchitecture) -> None:
        super().__init__()
        self.architecture = architecture

    @abstractmethod
    def condition(self, rgb: ImageWindows, state: ProprioWindows) -> Conditions:
        """What the denoiser is conditioned on.

        Args:
            rgb: (b, To, 3, h, w) in [-0.5, 0.5].
            state: (b, To, s) normalised.

        Returns:
            (b, c).
        """

    def denoise(self, noisy: Chunks, step: Steps, condition: Conditions) -> Chunks:
        """One evaluation of the denoiser: (b, T, a), (b,), (b, c) to (b, T, a).

        ``step`` is the noise level as the objective counts it, whole for DDPM, any number for a
        flow; more is noisier.
        """
        return self.denoiser(noisy, step, condition)

    @property
    def num_parameters(self) -> int:
        """Learnt numbers."""
        return sum(p.numel() for p in self.parameters())


def sinusoids(step: Steps, dim: int, *, longest: float) -> Features:
    """Sines and cosines (b, dim) of (b,), of frequencies from 1 down to 1 / ``longest``.

    Vaswani et al. (2017), with the two halves side by side.
    """
    places = torch.arange(dim // 2, device=step.device)
    frequency = torch.exp(places * (-math.log(longest) / (dim // 2 - 1)))
    angle = step.float()[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
