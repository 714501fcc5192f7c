"""Fit the Gaussians to the photos."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from xsim_core.config import FrozenModel
from xsim_core.rasterize import RenderOutput, render, render_numpy

from .model import SplatModel, initial_model
from .ssim import mean_ssim
from .views import PosedViews, View

CHECKPOINT = "splat.npz"


class SplatTraining(FrozenModel):
    """How the Gaussians are fitted."""

    backend: Literal["cpp", "gsplat"] = "cpp"
    """``gsplat`` rasterises on a CUDA device."""
    num_iters: int = Field(default=1500, ge=1)
    """Photos looked at, one an iteration."""
    num_init: int = Field(default=5000, ge=16)
    """Gaussians at the start."""
    max_gaussians: int = Field(default=12000, ge=16)
    """Growth stops here."""
    grow_every: int = Field(default=100, ge=1)
    """Iterations between splitting and pruning, until two thirds of the training."""
    ssim_weight: float = Field(default=0.2, ge=0, le=1)
    """Of the D-SSIM term; L1 has the rest."""
    depth_weight: float = Field(default=0.1, ge=0)
    """Of the relative error at triangulated points; photometry alone leaves a depth bias."""
    depth_truncation: float = Field(default=0.05, gt=0)
    """Relative depth errors beyond are taken for occlusions and ignored."""
    fit_gain: bool = True
    """Fit one gain a photo and channel, for cameras with automatic exposure."""
    seed: int = 0


Progress = Callable[[float, dict[str, float]], None]


def train_splat(
    views: PosedViews,
    *,
    config: SplatTraining,
    scratch: Path,
    progress: Progress,
    num_threads: int = 1,
) -> SplatModel:
    """Train, resuming from ``scratch`` where a checkpoint is."""
    rng = np.random.default_rng(config.seed)
    model, gains, start = _resume(scratch, len(views.train))
    if model is None:
        model = initial_model(views, num_gaussians=config.num_init, rng=rng)
    extent = views.extent_m
    stats = _GrowthStats(len(model))
    background = torch.from_numpy(background_rgb(views))
    order = np.array([], dtype=int)
    last_report, losses = time.monotonic(), []
    for i in range(start, config.num_iters):
        # Seeded by the iteration, so that a resumed run sees the photos in the same order.
        if i % len(views.train) == 0 or not len(order):
            epoch = i // len(views.train)
            order = np.random.default_rng([config.seed, epoch]).permutation(len(views.train))
        index = int(order[i % len(views.train)])
        losses.append(
            _step(model, gains, views, index, i, background, stats, config, extent, num_threads)
        )
        if (i + 1) % config.grow_every == 0:
            if i < config.num_iters * 2 / 3:
                _grow(model, stats, i, config=config, extent=extent)
            model.prune(max_scale_m=0.5 * extent)
            stats = _GrowthStats(len(model))
            _save(scratch, model, gains, i + 1)
        if time.monotonic() - last_report > 1.0:
            last_report = time.monotonic()
            figures = {"loss": float(np.mean(losses[-50:])), "gaussians": float(len(model))}
            progress((i + 1) / config.num_iters, figures)
    return model


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


def _step(
    model: SplatModel, gains: Tensor, views: PosedViews, index: int, i: int, background: Tensor,
    stats: _GrowthStats, config: SplatTraining, extent: float, num_threads: int,
) -> float:  # fmt: skip
    view, camera = views.train[index], views.camera
    model.require_grad()
    screen = torch.zeros(len(model), 2, requires_grad=True)
    out = render(
        model.gaussians(), view.T_cam_world, camera.K, camera.width, camera.height, background,
        backend=config.backend, num_threads=num_threads, screen=screen,
    )  # fmt: skip
    log_gain = gains[index].clone().requires_grad_()
    rgb = out.rgb.cpu() * log_gain.exp() if config.fit_gain else out.rgb.cpu()
    target = torch.from_numpy(view.rgb)
    loss = (1 - config.ssim_weight) * (rgb - target).abs().mean()
    loss = loss + config.ssim_weight * (1 - mean_ssim(rgb, view.rgb))
    if config.depth_weight > 0 and i > config.num_iters // 15:
        loss = loss + config.depth_weight * _depth_loss(out, view, config.depth_truncation)
    loss.backward()
    if screen.grad is not None:
        stats.add(screen.grad)
    model.adam_step(_learning_rates(i, config, extent))
    if config.fit_gain and log_gain.grad is not None:
        # Plain gradient steps, small beside the splats' own; the mean gain stays one.
        gains[index] -= 0.05 * log_gain.grad
        gains -= gains.mean(0)
    return float(loss.detach())


def _depth_loss(out: RenderOutput, view: View, truncation: float) -> Tensor:
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


def _grow(
    model: SplatModel, stats: _GrowthStats, i: int, *, config: SplatTraining, extent: float
) -> None:
    """Split the splats that the photos pull at most, on a straight line towards the maximum."""
    del extent
    progress = min(1.0, (i + 1) / (config.num_iters * 0.6))
    target = config.num_init + progress * (config.max_gaussians - config.num_init)
    count = min(int(target) - len(model), len(model) // 2)
    if count <= 0:
        return
    rows = torch.topk(stats.mean, count).indices
    model.split(rows, rng=np.random.default_rng([config.seed, 1, i]))


def _save(scratch: Path, model: SplatModel, gains: Tensor, i: int) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, iteration=np.array([i]), gains=gains.numpy(), **model.to_arrays())
    part = scratch / (CHECKPOINT + ".part")
    part.write_bytes(buffer.getvalue())
    part.replace(scratch / CHECKPOINT)


def _resume(scratch: Path, num_views: int) -> tuple[SplatModel | None, Tensor, int]:
    path = scratch / CHECKPOINT
    if not path.exists():
        return None, torch.zeros(num_views, 3), 0
    with np.load(path, allow_pickle=False) as saved:
        arrays = {name: saved[name] for name in saved.files}
    model = SplatModel.from_arrays(arrays)
    return model, torch.from_numpy(arrays["gains"]), int(arrays["iteration"][0])


def evaluate_views(
    model: SplatModel, views: PosedViews, *, num_threads: int = 1
) -> tuple[list[RenderOutput], NDArray[np.float64], NDArray[np.float64]]:
    """Renders of the held-out photos, their PSNR in dB and their SSIM."""
    gaussians, camera = model.gaussians(), views.camera
    background = background_rgb(views)
    outs, psnr, ssim = [], [], []
    for view in views.held_out:
        out = render_numpy(
            gaussians, view.T_cam_world, camera.K, camera.width, camera.height, background,
            num_threads=num_threads,
        )  # fmt: skip
        rgb = np.clip(out.rgb, 0, 1)
        outs.append(out)
        psnr.append(-10 * np.log10(max(1e-10, float(((rgb - view.rgb) ** 2).mean()))))
        ssim.append(float(mean_ssim(torch.from_numpy(rgb), view.rgb)))
    return outs, np.array(psnr), np.array(ssim)
