"""The trained parameters: where they start, how Adam moves them, how they grow and are pruned."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from xsim_core.geometry import inverse_se3, matrix_to_quat_wxyz, transform_points
from xsim_core.rasterize import SH_C0, Gaussians2D

from .views import PosedViews, View

NAMES = ("means", "quats_wxyz", "log_scales", "logit_opacities", "sh0")
MIN_OPACITY = 0.012
"""Splats below are pruned; the rasteriser drops contributions under 1/255."""


@dataclass
class SplatModel:
    """Unconstrained parameters and Adam's moments, row for row."""

    params: dict[str, Tensor]
    moment1: dict[str, Tensor] = field(default_factory=dict)
    moment2: dict[str, Tensor] = field(default_factory=dict)
    num_updates: int = 0

    def __post_init__(self) -> None:
        for name in NAMES:
            self.moment1.setdefault(name, torch.zeros_like(self.params[name]))
            self.moment2.setdefault(name, torch.zeros_like(self.params[name]))

    def __len__(self) -> int:
        return len(self.params["means"])

    def gaussians(self) -> Gaussians2D:
        """What the parameters mean, differentiably."""
        p = self.params
        rgb = (0.5 + SH_C0 * p["sh0"]).clamp(min=0.0)
        return Gaussians2D(
            p["means"], p["quats_wxyz"], p["log_scales"].exp(), p["logit_opacities"].sigmoid(), rgb
        )

    def require_grad(self) -> None:
        """Make every parameter a fresh leaf."""
        self.params = {n: p.detach().requires_grad_() for n, p in self.params.items()}

    @torch.no_grad()
    def adam_step(self, learning_rates: dict[str, float]) -> None:
        """One update (Kingma & Ba 2015, betas 0.9 and 0.99) from the gradients at hand."""
        self.num_updates += 1
        fix1, fix2 = 1 - 0.9**self.num_updates, 1 - 0.99**self.num_updates
        for name, p in self.params.items():
            grad = p.grad
            if grad is None:
                continue
            m, v = self.moment1[name], self.moment2[name]
            m.lerp_(grad, 0.1)
            v.mul_(0.99).addcmul_(grad, grad, value=0.01)
            step = learning_rates[name] / fix1
            p.addcdiv_(m, (v / fix2).sqrt_().add_(1e-12), value=-step)
            p.grad = None

    @torch.no_grad()
    def select(self, rows: Tensor) -> None:
        """Keep these rows, in this order."""
        for table in (self.params, self.moment1, self.moment2):
            for name in NAMES:
                table[name] = table[name][rows].detach()

    @torch.no_grad()
    def split(self, rows: Tensor, *, rng: np.random.Generator) -> None:
        """Replace each of these splats by two that together look about the same.

        The halves get opacity 1 - sqrt(1 - o), which composites to o (Rota Bulò et al. 2024).
        """
        means, quats, scales, opacities, _ = (t[rows] for t in self.gaussians().tensors)
        offsets_disc = torch.from_numpy(rng.normal(size=(len(rows), 2)).astype(np.float32))
        axes = _axes(quats)
        offsets = (axes * (0.7 * offsets_disc * scales)[:, None, :]).sum(-1)
        halves = 1 - (1 - opacities.clamp(max=0.995)).sqrt()
        logits = torch.logit(halves.clamp(MIN_OPACITY, 0.99))
        for name in NAMES:
            fresh = self.params[name][rows].clone()
            if name == "means":
                self.params[name][rows] = means + offsets
                fresh = means - offsets
            elif name == "log_scales":
                fresh = fresh - float(np.log(1.5))
                self.params[name][rows] = fresh
            elif name == "logit_opacities":
                fresh = logits
                self.params[name][rows] = fresh
            self.params[name] = torch.cat([self.params[name].detach(), fresh])
            for moments in (self.moment1, self.moment2):
                moments[name] = torch.cat([moments[name], torch.zeros_like(fresh)])

    @torch.no_grad()
    def prune(self, *, max_scale_m: float) -> None:
        """Drop splats that are nearly invisible, far too large, or no longer numbers."""
        p = self.params
        keep = (p["logit_opacities"].sigmoid() > MIN_OPACITY) & torch.isfinite(p["means"]).all(1)
        keep &= p["log_scales"].exp().max(1).values < max_scale_m
        self.select(keep.nonzero()[:, 0])

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Everything that ``from_arrays`` needs to go on training."""
        tables = {"params": self.params, "moment1": self.moment1, "moment2": self.moment2}
        arrays = {f"{t}/{n}": v[n].detach().numpy() for t, v in tables.items() for n in NAMES}
        return arrays | {"num_updates": np.float32(self.num_updates).reshape(1)}

    @staticmethod
    def from_arrays(arrays: dict[str, NDArray[np.float32]]) -> "SplatModel":
        """Inverse of ``to_arrays``."""
        tables = [
            {n: torch.from_numpy(arrays[f"{t}/{n}"].copy()) for n in NAMES}
            for t in ("params", "moment1", "moment2")
        ]
        return SplatModel(*tables, num_updates=int(arrays["num_updates"][0]))


def _axes(quats_wxyz: Tensor) -> Tensor:
    """(g, 3, 2) the two axes of each disc."""
    w, x, y, z = torch.nn.functional.normalize(quats_wxyz, dim=-1).unbind(-1)
    a = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], -1)
    b = torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], -1)
    return torch.stack([a, b], -1)


def initial_model(views: PosedViews, *, num_gaussians: int, rng: np.random.Generator) -> SplatModel:
    """Discs at the triangulated points, and where photos show surface between them.

    The second kind takes a pixel's colour and the depth of the nearest projected points; walls and
    bare surfaces that SfM found little on are covered from the start.
    """
    points, rgb = views.points_world, views.points_rgb
    if len(points) > num_gaussians // 2:
        chosen = rng.choice(len(points), num_gaussians // 2, replace=False)
        points, rgb = points[chosen], rgb[chosen]
    count = max(1, (num_gaussians - len(points)) // len(views.train))
    fill = [_fill_points(v, views, count=count, rng=rng) for v in views.train]
    points = np.concatenate([points, *(f[0] for f in fill)])
    rgb = np.concatenate([rgb, *(f[1] for f in fill)])

    distances, neighbours = cKDTree(points).query(points, k=min(9, len(points)))
    extent = views.extent_m
    radius = np.clip(np.sqrt((distances[:, 1:4] ** 2).mean(1)), 1e-4 * extent, 0.2 * extent)
    params = {
        "means": points,
        "quats_wxyz": matrix_to_quat_wxyz(_local_frames(points[neighbours])),
        "log_scales": np.log(0.8 * np.stack([radius, radius], -1)),
        "logit_opacities": np.full(len(points), np.log(0.7 / 0.3)),
        "sh0": (rgb - 0.5) / SH_C0,
    }
    return SplatModel({n: torch.from_numpy(v.astype(np.float32)) for n, v in params.items()})


def _local_frames(patches: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rotations (g, 3, 3) whose first two columns span the planes of patches (g, k, 3)."""
    centred = patches - patches.mean(1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("gki,gkj->gij", centred, centred))
    x, y = vectors[..., 2], vectors[..., 1]
    return np.stack([x, y, np.cross(x, y)], -1)


def _fill_points(
    view: View, views: PosedViews, *, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    camera = views.camera
    if len(view.points_px) < 3:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)
    uv = np.stack([rng.integers(0, camera.width, count), rng.integers(0, camera.height, count)], -1)
    _, nearest = cKDTree(view.points_px).query(uv, k=3)
    z = np.median(view.points_depth_m[nearest], axis=1)
    rays = np.concatenate([uv, np.ones((count, 1))], -1) @ np.linalg.inv(camera.K).T
    points = transform_points(inverse_se3(view.T_cam_world), rays * z[:, None])
    return points.astype(np.float32), view.rgb[uv[:, 1], uv[:, 0]]
