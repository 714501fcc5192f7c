"""Behaviour cloning of action chunks: loss, moving average, learning rate and checkpoints."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.scratch import read_arrays, write_arrays

from .chunks import Batch
from .config import OptimConfig
from .networks import StudentNet, build_net
from .objective import Objective
from .student import device_of, load_state_arrays, state_arrays


def cloning_loss(
    net: StudentNet, objective: Objective, batch: Batch, draws: int, *, generator: torch.Generator
) -> Tensor:
    """Mean squared error of the denoiser over the real steps of the chunks.

    Noise comes from ``generator``, which is the CPU's: it is the same on every device.
    """
    condition = net.condition(batch.rgb, batch.state).repeat(draws, 1)
    action, mask = batch.action.repeat(draws, 1, 1), batch.mask.repeat(draws, 1)
    step = objective.draw(len(action), generator=generator)
    noise = torch.randn(action.shape, generator=generator)
    step, noise = step.to(action.device), noise.to(action.device, action.dtype)
    output = net.denoise(objective.add_noise(action, noise, step), step, condition)
    error = (output - objective.target(action, noise)).square().mean(dim=-1)
    return (error * mask).sum() / mask.sum().clamp(min=1)


def learning_rate_factor(step: int, config: OptimConfig, *, fraction: float) -> float:
    """Linear warm-up, then a cosine to 0 at ``fraction`` 1 of the training."""
    warmup = min(1.0, (step + 1) / max(1, config.warmup_steps))
    return warmup * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction)))


@dataclass
class Trainer:
    """A network under optimisation with its moving average; can be saved and resumed exactly.

    All of it lives where the network does.
    """

    net: StudentNet
    config: OptimConfig
    step: int = 0
    elapsed_s: float = 0.0
    _losses: list[float] = field(default_factory=list)
    _unread: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the average and the optimiser."""
        self.average = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            betas=(0.9, 0.99),
        )

    @property
    def device(self) -> torch.device:
        """Where the network lives."""
        return device_of(self.net)

    @property
    def losses(self) -> list[float]:
        """The loss of every step. Read seldom: a GPU is waited for."""
        if self._unread:
            self._losses += torch.stack(self._unread).tolist()
            self._unread.clear()
        return self._losses

    def update(self, loss: Tensor, *, fraction: float) -> None:
        """One optimiser step; nothing is copied from the device."""
        factor = learning_rate_factor(self.step, self.config, fraction=fraction)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * factor
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                self.average[name].lerp_(value, 1 - decay)
        self.step += 1
        self._unread.append(loss.detach())

    def averaged(self) -> StudentNet:
        """A copy of the network with the averaged weights."""
        net = build_net(self.net.architecture).to(self.device)
        net.load_state_dict(self.average)
        return net.eval()

    def save(self, path: Path) -> None:
        """Write everything that a resumed run needs."""
        arrays: dict[str, NDArray[np.generic]] = {
            "progress": np.array([self.step, self.elapsed_s]),
            "losses": np.array(self.losses),
        }
        arrays |= {f"net/{k}": v for k, v in state_arrays(self.net).items()}
        arrays |= {f"average/{k}": v.cpu().numpy() for k, v in self.average.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            arrays |= {f"moments/{index}/{k}": v.cpu().numpy() for k, v in moments.items()}
        write_arrays(path, arrays)

    def resume(self, path: Path) -> bool:
        """Continue from ``path`` if it is there."""
        arrays = read_arrays(path)
        if arrays is None:
            return False
        self.step, self.elapsed_s = int(arrays["progress"][0]), float(arrays["progress"][1])
        self._losses, self._unread = arrays["losses"].tolist(), []
        load_state_arrays(self.net, _below(arrays, "net"))
        average = _below(arrays, "average")
        self.average = {k: torch.from_numpy(v).to(self.device) for k, v in average.items()}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(arrays, "moments").items():
            index, _, key = name.partition("/")
            moments.setdefault(int(index), {})[key] = torch.tensor(value)
        state = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**state, "state": moments})
        return True


def _below(arrays: dict[str, NDArray[np.generic]], prefix: str) -> dict[str, NDArray[np.generic]]:
    cut = len(prefix) + 1
    return {k[cut:]: v for k, v in arrays.items() if k.startswith(prefix + "/")}


def step_streams(seed: int, step: int) -> tuple[np.random.Generator, torch.Generator]:
    """The random streams of one training step: a resumed run draws what it would have drawn."""
    rng = np.random.default_rng([seed, step])
    return rng, torch.Generator().manual_seed(int(rng.integers(2**62)))
