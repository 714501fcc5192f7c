"""What a network of chunks learns to predict, and how chunks are made from its predictions."""

from collections.abc import Callable
from typing import Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from .config import StudentArchitecture
from .ddim import DDIMSchedule
from .flow import FlowSchedule


@runtime_checkable
class Objective(Protocol):
    """Noise levels between chunk and noise, and the way back; as ``DDIMSchedule`` has them."""

    def on(self, device: torch.device) -> Self:
        """The same, for tensors of a device."""
        ...

    def draw(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Noise levels (count,) to train on, on the generator's device."""
        ...

    def add_noise(self, sample: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """``sample`` (b, ...) with as much of ``noise`` (b, ...) as ``step`` (b,) says."""
        ...

    def target(self, sample: Tensor, noise: Tensor) -> Tensor:
        """What the network learns to predict, (b, ...)."""
        ...

    def sample(
        self,
        denoise: Callable[[Tensor, Tensor], Tensor],
        noise: Tensor,
        *,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """A sample from ``noise`` (b, ...), with ``denoise(noisy, step (b,))``.

        Of ``known``, clean values and weights from 0 to 1, it keeps that share.
        """
        ...


def objective_of(architecture: StudentArchitecture) -> Objective:
    """What the student's network was built for, on the CPU."""
    a = architecture
    if a.objective == "flow":
        return FlowSchedule(a.num_inference_steps)
    return DDIMSchedule.create(a.num_diffusion_steps, a.num_inference_steps, a.prediction)
