"""Fit the Gaussians to the photos."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.rasterize import RasterBackend, RenderOutput, render, render_numpy
from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.storage import Progress

from .config import SplatTraining
from .model import SplatModel, initial_model
from .ssim import mean_ssim
from .views import PosedViews, View

CHECKPOINT = "splat.npz"


def train_splat(
    views: PosedViews,
    *,
    config: SplatTraining,
    scratch: Path,
    progress: Progress,
    num_threads: int = 1,
) -> SplatModel:
    """Train, resuming from ``scratch`` where a checkpoint is."""
    torch_threads = torch.get_num_threads()
    # Tensors of some thousand rows gain nothing from torch's threads, which spin while they wait.
    torch.set_num_threads(1)
    try:
        trainer = Trainer(views, config, num_threads, scratch)
        last_report, losses = time.monotonic(), []
        for i in range(trainer.num_done, config.num_iters):
            losses.append(trainer.step(i))
            if (i + 1) % config.grow_every == 0:
                trainer.grow_and_prune(i)
                trainer.save(i + 1)
            if time.monotonic() - last_report > 1.0:
                last_report = time.monotonic()
                loss, n = float(np.mean(losses[-50:])), float(len(trainer.model))
                progress((i + 1) / config.num_iters, {"loss": loss, "gaussians": n})
        return trainer.model
    finally:
        torch.set_num_threads(torch_threads)


class Trainer:
    """The state of one training run."""

    def __init__(
        self, views: PosedViews, config: SplatTraining, num_threads: int, scratch: Path
    ) -> None:
        self.views, self.config, self.num_threads = views, config, num_threads
        self.checkpoint = scratch / CHECKPOINT
        self.extent_m = views.extent_m
        self.background = torch.from_numpy(background_rgb(views))
        if (saved := read_arrays(self.checkpoint)) is not None:
            self._load(saved)
        else:
            rng = np.random.default_rng(config.seed)
            self.model = initial_model(views, num_gaussians=config.num_init, rng=rng)
            self.log_gains, self.num_done = torch.zeros(len(views.train), 3), 0
        self.stats = _GrowthStats(len(self.model))

    def step(self, i: int) -> float:
        """One photo; answers the loss."""
        index = self._photo_index(i)
        view, camera, model = self.views.train[index], self.views.camera, self.model
        model.require_grad()
        screen = torch.zeros(len(model), 2, requires_grad=True)
        out = render(
            model.gaussians(),
            view.T_cam_world,
            camera.K,
            camera.width,
            camera.height,
            self.background,
            backend=self.config.backend,
            num_threads=self.num_threads,
            screen=screen,
        )
        log_gain = self.log_gains[index].clone().requires_grad_()
        loss = self._loss(out, log_gain, view, i)
        loss.backward()
        if screen.grad is not None:
            self.stats.add(screen.grad)
        model.adam_step(_learning_rates(i, self.config, self.extent_m))
        if log_gain.grad is not None:
            # Plain gradient steps, small beside the splats' own; the mean gain stays one.
            self.log_gains[index] -= 0.05 * log_gain.grad
            self.log_gains -= self.log_gains.mean(0)
        return float(loss.detach())

    def _photo_index(self, i: int) -> int:
        """Every photo once an epoch, in an order that a resumed run repeats."""
        epoch, at = divmod(i, len(self.views.train))
        rng = np.random.default_rng([self.config.seed, epoch])
        return int(rng.permutation(len(self.views.train))[at])

    def _loss(self, out: RenderOutput[Tensor], log_gain: Tensor, view: View, i: int) -> Tensor:
        config = self.config
        rgb = out.rgb.cpu() * log_gain.exp() if config.fit_gain else out.rgb.cpu()
        l1 = (rgb - torch.from_numpy(view.rgb)).abs().mean()
        loss = (1 - config.ssim_weight) * l1
        loss = loss + config.ssim_weight * (1 - mean_ssim(rgb, view.rgb))
        loss = loss + config.alpha_weight * (1 - out.alpha.cpu()).mean()
        loss = loss + config.spread_weight * _relative_spread(out)
        if i > config.num_iters // 15:
            loss = loss + config.depth_weight * _depth_loss(out, view, config.depth_truncation)
        return loss

    def grow_and_prune(self, i: int) -> None:
        """Split what the photos pull at most, on a straight line towards the maximum; prune."""
        config, model = self.config, self.model
        if i < config.num_iters * 2 / 3:
            fraction = min(1.0, (i + 1) / (config.num_iters * 0.6))
            target = config.num_init + fraction * (config.max_gaussians - config.num_init)
            count = min(int(target) - len(model), len(model) // 2)
            if count > 0:
                rows = torch.topk(self.stats.mean, count).indices
                model.split(rows, rng=np.random.default_rng([config.seed, 1, i]))
        model.prune(max_scale_m=0.5 * self.extent_m)
        self.stats = _GrowthStats(len(model))

    def save(self, num_done: int) -> None:
        """Write the checkpoint."""
        own = {"iteration": np.array([num_done]), "gains": self.log_gains.numpy()}
        write_arrays(self.checkpoint, self.model.to_arrays() | own)

    def _load(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.model = SplatModel.from_arrays(arrays)
        self.log_gains = torch.from_numpy(arrays["gains"])
        self.num_done = int(arrays["iteration"][0])


def background_rgb(views: PosedViews) -> NDArray[np.float32]:
    """The photos' mean colour, for the few rays that hit nothing."""
    return np.mean([v.rgb.mean((0, 1)) for v in views.train], axis=0).astype(np.float32)


class _GrowthStats:
    """Mean length of each splat's screen-space gradient over the photos that see it."""

    def __init__(self, n: int) -> None:
        self.total, self.count = torch.zeros(n), torch.zeros(n)

    def add(self, screen_gradient: Tensor) -> None:
        length = screen_gradient.norm(dim=-1).cpu()
        self.total += length
        self.count += length > 0

    @property
    def mean(self) -> Tensor:
        return self.total / self.count.clamp(min=1)


def _learning_rates(i: int, config: SplatTraining, extent: float) -> dict[str, float]:
    """Those of 3D Gaussian splatting (Kerbl et al. 2023), raised for twenty times fewer steps."""
    done = i / config.num_iters
    decay = 0.01**done
    return {
        "means": 1.5e-3 * extent * decay,
        "quats_wxyz": 5e-3 * decay**0.5,
        "log_scales": 1.5e-2 * decay**0.5,
        "logit_opacities": 5e-2 * decay**0.5,
        "sh0": 2e-2 * decay**0.5,
    }


def _relative_spread(out: RenderOutput[Tensor]) -> Tensor:
    """Mean standard deviation of depth along each ray, over its depth."""
    depth_m = out.depth_m.detach().clamp(min=0.05)
    # Smooth below 0.3 % of the depth, where float32's variance is noise.
    return (out.depth_variance_m2 / depth_m**2 + 1e-5).sqrt().mean().cpu()


def _depth_loss(out: RenderOutput[Tensor], view: View, truncation: float) -> Tensor:
    """Mean truncated relative error of the expected depth at the points this photo sees."""
    uv, z = torch.from_numpy(view.points_px), torch.from_numpy(view.points_depth_m)
    depth_m = bilinear(out.depth_m.cpu(), uv)
    alpha = bilinear(out.alpha.detach().cpu(), uv)
    error = ((depth_m - z) / z).abs()
    used = (error.detach() < truncation) & (alpha > 0.7)
    return (error * used).sum() / max(1, len(z))


def bilinear(image: Tensor, uv: Tensor) -> Tensor:
    """Values (p,) of an image (h, w) at pixels (p, 2) that lie inside its outermost centres."""
    x0, y0 = uv[:, 0].floor(), uv[:, 1].floor()
    fx, fy = uv[:, 0] - x0, uv[:, 1] - y0
    at = (y0 * image.shape[1] + x0).long()
    flat, w = image.reshape(-1), image.shape[1]
    top = flat[at] * (1 - fx) + flat[at + 1] * fx
    bottom = flat[at + w] * (1 - fx) + flat[at + w + 1] * fx
    return top * (1 - fy) + bottom * fy


def evaluate_views(
    model: SplatModel, views: PosedViews, *, backend: RasterBackend = "cpp", num_threads: int = 1
) -> tuple[list[RenderOutput[NDArray[np.float32]]], NDArray[np.float64], NDArray[np.float64]]:
    """Renders of the held-out photos by the backend that fitted, their PSNR in dB and SSIM."""
    gaussians, camera = model.gaussians(), views.camera
    background = background_rgb(views)
    outs, psnr, ssim = [], [], []
    for view in views.held_out:
        out = render_numpy(
            gaussians,
            view.T_cam_world,
            camera.K,
            camera.width,
            camera.height,
            background,
            backend=backend,
            num_threads=num_threads,
        )
        rgb = np.clip(out.rgb, 0, 1)
        outs.append(out)
        psnr.append(-10 * np.log10(max(1e-10, float(((rgb - view.rgb) ** 2).mean()))))
        ssim.append(float(mean_ssim(torch.from_numpy(rgb), view.rgb)))
    return outs, np.array(psnr), np.array(ssim)
