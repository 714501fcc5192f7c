"""Diffusion Policy's conditional 1-D U-Net (Chi et al. 2023; Janner et al. 2022) over a chunk.

Modules are called what LeRobot 0.4.4 calls them, see ``resnet``; ``lerobot`` exchanges weights.
"""

from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own idiom.

from xsim_core.geometry.tensors import (
    ActionMaps,
    Chunks,
    Conditions,
    Features,
    ImageWindows,
    ProprioWindows,
    Steps,
)
from xsim_core.policies.config import StudentArchitecture, UnetArchitecture

from .base import StudentNet, sinusoids
from .resnet import ResnetEncoder

FEW_PLACES = 16
"""Up to as many actions of all chunks together are convolved as one product of matrices."""


class ShortConv(nn.Conv1d):
    """A convolution that keeps the length; ``conv1d`` is its reference, the result is the same.

    In learning it leaves out taps that only ever meet the padding: in a chunk of two actions the
    outer two of five see nothing but zeros. In acting, where a chunk or two are looked at, the
    weights are most of the work, and ``conv1d`` puts them into another order at every call: a
    product of matrices takes them as they lie.
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: int) -> None:
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)

    def forward(self, input: Tensor) -> Tensor:
        """(b, inputs, t) to (b, outputs, t)."""
        is_few = input.shape[0] * input.shape[-1] <= FEW_PLACES
        if is_few and not torch.is_grad_enabled() and not torch.jit.is_tracing():
            return self._as_product(input)
        reach = min(self.kernel_size[0] // 2, input.shape[-1] - 1)
        middle = self.kernel_size[0] // 2
        taps = self.weight[:, :, middle - reach : middle + reach + 1]
        return F.conv1d(input, taps, self.bias, padding=reach)

    def _as_product(self, x: Tensor) -> Tensor:
        size = self.kernel_size[0]
        seen = F.pad(x, (size // 2, size // 2)).unfold(2, size, 1)  # (b, inputs, t, size)
        columns = seen.transpose(1, 2).flatten(2)
        return F.linear(columns, self.weight.flatten(1), self.bias).transpose(1, 2)


class ConvBlock(nn.Module):
    """Convolution along the chunk, GroupNorm, Mish."""

    def __init__(self, inputs: int, outputs: int, of: UnetArchitecture) -> None:
        super().__init__()
        self.block = nn.Sequential(
            ShortConv(inputs, outputs, of.kernel_size),
            nn.GroupNorm(of.n_groups, outputs),
            nn.Mish(),
        )

    def forward(self, x: ActionMaps) -> ActionMaps:
        """(b, inputs, t) to (b, outputs, t)."""
        return self.block(x)


class ConditionedBlock(nn.Module):
    """Two convolutions; between them channels are scaled and shifted (Perez et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, condition: int, of: UnetArchitecture) -> None:
        super().__init__()
        self.conv1 = ConvBlock(inputs, outputs, of)
        self.cond_encoder = nn.Sequential(nn.Mish(), nn.Linear(condition, 2 * outputs))
        self.conv2 = ConvBlock(outputs, outputs, of)
        self.residual_conv = nn.Identity() if inputs == outputs else nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: ActionMaps, condition: Features) -> ActionMaps:
        """(b, inputs, t), (b, condition) to (b, outputs, t)."""
        scale, shift = self.cond_encoder(condition)[:, :, None].chunk(2, dim=1)
        return self.conv2(scale * self.conv1(x) + shift) + self.residual_conv(x)


class StepEmbedding(nn.Module):
    """Sines and cosines of noise levels, frequencies from 1 to 1e-4."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, step: Steps) -> Features:
        """(b,) to (b, dim)."""
        return sinusoids(step, self.dim, longest=10_000.0)


class ConditionalUnet1d(nn.Module):
    """Down, through the middle and up again, with a skip at every level but the first."""

    def __init__(self, architecture: StudentArchitecture, condition: int) -> None:
        super().__init__()
        of = architecture.unet or UnetArchitecture()
        dim, dims = of.diffusion_step_embed_dim, of.down_dims
        self.diffusion_step_encoder = nn.Sequential(
            StepEmbedding(dim), nn.Linear(dim, 4 * dim), nn.Mish(), nn.Linear(4 * dim, dim)
        )
        told = dim + condition

        def two(inputs: int, outputs: int) -> list[nn.Module]:
            first = ConditionedBlock(inputs, outputs, told, of)
            return [first, ConditionedBlock(outputs, outputs, told, of)]

        inputs = (architecture.action_dim, *dims)
        self.down_modules = nn.ModuleList(
            nn.ModuleList([*two(a, b), nn.Conv1d(b, b, 3, 2, 1) if k else nn.Identity()])
            for k, (a, b) in zip(range(len(dims) - 1, -1, -1), pairwise(inputs), strict=True)
        )
        self.mid_modules = nn.ModuleList(two(dims[-1], dims[-1]))
        self.up_modules = nn.ModuleList(
            nn.ModuleList([*two(2 * b, a), nn.ConvTranspose1d(a, a, 4, 2, 1)])
            for a, b in reversed(list(pairwise(dims)))
        )
        self.final_conv = nn.Sequential(
            ConvBlock(dims[0], dims[0], of), nn.Conv1d(dims[0], architecture.action_dim, 1)
        )

    def forward(self, noisy: Chunks, step: Steps, condition: Conditions) -> Chunks:
        """(b, T, a), (b,), (b, c) to (b, T, a)."""
        level = self.diffusion_step_encoder[0](step).to(noisy.dtype)
        told = torch.cat([self.diffusion_step_encoder[1:](level), condition], dim=-1)
        x, skipped = noisy.transpose(1, 2), list[Tensor]()
        for level_down in self.down_modules:
            first, second, shorten = cast(Any, level_down)
            x = second(first(x, told), told)
            skipped.append(x)
            x = shorten(x)
        for block in self.mid_modules:
            x = block(x, told)
        for level_up in self.up_modules:
            first, second, lengthen = cast(Any, level_up)
            x = torch.cat([x, skipped.pop()], dim=1)
            x = lengthen(second(first(x, told), told))
        return self.final_conv(x).transpose(1, 2)


class UnetNet(StudentNet):
    """ResNet-18 and the U-Net; proprioception goes in as it is."""

    def __init__(self, architecture: StudentArchitecture) -> None:
        super().__init__(architecture)
        of = architecture.unet or UnetArchitecture()
        encoder = ResnetEncoder(architecture.image_hw, of.spatial_softmax_num_keypoints)
        self.map_hw = encoder.map_hw
        self.encoder = encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        condition = architecture.n_obs_steps * (architecture.state_dim + encoder.feature_dim)
        self.denoiser = ConditionalUnet1d(architecture, condition)

    def condition(self, rgb: ImageWindows, state: ProprioWindows) -> Conditions:
        """State and keypoints of one observation after the other; see ``StudentNet``."""
        image = self.encoder(rgb.flatten(0, 1)).unflatten(0, rgb.shape[:2])
        return torch.cat([state, image], dim=-1).flatten(1)
