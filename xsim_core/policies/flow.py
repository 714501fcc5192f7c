"""Rectified flow: straight lines from noise to chunks, followed by Euler's method.

The network learns the velocity of the line through a noise and a chunk (Liu et al. 2023, "Flow
Straight and Fast"; Lipman et al. 2023), with times drawn uniformly. Few steps do, since the lines
are straight; one step answers the mean chunk. For actions of robots: Black et al. 2024.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LEVELS = 100.0
"""What networks are told of pure noise; 0 is the chunk. As far apart as a hundred noise levels."""


@dataclass(frozen=True)
class FlowSchedule:
    """The straight way between noise and sample, in ``num_inference_steps`` equal steps."""

    num_inference_steps: int

    def on(self, device: torch.device) -> "FlowSchedule":
        """The same."""
        return self

    def draw(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Noise levels (count,), uniform between sample and noise."""
        return LEVELS * torch.rand(count, generator=generator)

    def add_noise(self, sample: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """``sample`` (b, ...) drawn towards ``noise`` by the share that ``step`` (b,) says."""
        share = (step / LEVELS).to(sample.dtype).reshape(-1, *[1] * (sample.ndim - 1))
        return (1 - share) * sample + share * noise

    def target(self, sample: Tensor, noise: Tensor) -> Tensor:
        """The velocity from noise to sample."""
        return sample - noise

    def sample(
        self,
        denoise: Callable[[Tensor, Tensor], Tensor],
        noise: Tensor,
        *,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Follow ``denoise(noisy, step (b,))`` from ``noise`` (b, ...); ``known`` as for DDIM."""
        x, n = noise, self.num_inference_steps
        for k in range(n):
            at = torch.full((len(noise),), LEVELS * (1 - k / n), device=noise.device)
            velocity = denoise(x, at)
            if known is not None:
                values, weights = known
                straight = (values - x) / (1 - k / n)
                velocity = weights * straight + (1 - weights) * velocity
            x = x + velocity / n
        return x
