"""The forward noising process and the deterministic sampler DDIM (Song et al. 2021, eq. 12)."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from xsim_core.errors import BadInputError

from .config import PredictionType, too_many_steps


def cosine_betas(num_train_steps: int, *, max_beta: float = 0.999) -> Tensor:
    """Cosine noise schedule (Nichol & Dhariwal 2021, eq. 17) as betas (n,), float64."""

    def alpha_bar(fraction: float) -> float:
        return math.cos((fraction + 0.008) / 1.008 * math.pi / 2) ** 2

    n = num_train_steps
    betas = [min(1 - alpha_bar((i + 1) / n) / alpha_bar(i / n), max_beta) for i in range(n)]
    return torch.tensor(betas, dtype=torch.float64)


@dataclass(frozen=True)
class DDIMSchedule:
    """Cosine betas, samples clipped to [-1, 1], trailing time-steps.

    Trailing steps start from pure noise, which is what sampling starts from (Lin et al. 2024).
    """

    num_train_steps: int
    num_inference_steps: int
    prediction: PredictionType
    alphas_cumprod: Tensor
    """(num_train_steps,) float32."""

    @staticmethod
    def create(
        num_train_steps: int, num_inference_steps: int, prediction: PredictionType
    ) -> "DDIMSchedule":
        """The schedule over ``num_train_steps`` sampled in ``num_inference_steps``.

        Raises:
            BadInputError: when sampling would need more noise levels than training has, or none.
        """
        if not 1 <= num_inference_steps <= num_train_steps:
            raise BadInputError(too_many_steps(num_inference_steps, num_train_steps))
        bars = torch.cumprod(1 - cosine_betas(num_train_steps), dim=0).float()
        return DDIMSchedule(num_train_steps, num_inference_steps, prediction, bars)

    def on(self, device: torch.device) -> "DDIMSchedule":
        """The same schedule, for tensors of a device."""
        return replace(self, alphas_cumprod=self.alphas_cumprod.to(device))

    @property
    def timesteps(self) -> list[int]:
        """Training steps that inference visits, from noise to sample."""
        stride = self.num_train_steps / self.num_inference_steps
        return [
            round(self.num_train_steps - i * stride) - 1 for i in range(self.num_inference_steps)
        ]

    def draw(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Training steps (count,), each as likely as any other."""
        return torch.randint(self.num_train_steps, (count,), generator=generator)

    def add_noise(self, sample: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """``sample`` (b, ...) noised to training step ``step`` (b,)."""
        bar = self.alphas_cumprod[step].reshape(-1, *[1] * (sample.ndim - 1))
        return bar.sqrt() * sample + (1 - bar).sqrt() * noise

    def target(self, sample: Tensor, noise: Tensor) -> Tensor:
        """What the network learns to predict."""
        return sample if self.prediction == "sample" else noise

    def step_back(
        self,
        output: Tensor,
        noisy: Tensor,
        *,
        step: int,
        to: int | None,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """One DDIM step from training step ``step`` to step ``to``; None is the clean sample.

        Of ``known``, clean values and their weights, the clean sample takes that share before it
        is noised again.

        ``to`` is the next entry of ``timesteps``: these are evenly spaced only where
        ``num_inference_steps`` divides ``num_train_steps``.
        """
        bar = self.alphas_cumprod[step]
        bar_to = torch.ones_like(bar) if to is None else self.alphas_cumprod[to]
        if self.prediction == "sample":
            sample = output
            noise = (noisy - bar.sqrt() * sample) / (1 - bar).sqrt()
        else:
            noise = output
            sample = (noisy - (1 - bar).sqrt() * noise) / bar.sqrt()
        if known is not None:
            values, weights = known
            sample = weights * values + (1 - weights) * sample
            noise = (noisy - bar.sqrt() * sample) / (1 - bar).sqrt()
        return bar_to.sqrt() * sample.clamp(-1, 1) + (1 - bar_to).sqrt() * noise

    def sample(
        self,
        denoise: Callable[[Tensor, Tensor], Tensor],
        noise: Tensor,
        *,
        known: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Run the sampler from ``noise`` (b, ...) with ``denoise(noisy, step (b,))``.

        Args:
            denoise: the network.
            noise: standard normal.
            known: what the sample is to keep, in [-1, 1], and how much of it, from 0 to 1; both
                broadcast against ``noise``.
        """
        noisy, steps = noise, self.timesteps
        for step, to in zip(steps, [*steps[1:], None], strict=True):
            at = torch.full((len(noise),), step, dtype=torch.long, device=noise.device)
            noisy = self.step_back(denoise(noisy, at), noisy, step=step, to=to, known=known)
        return noisy
