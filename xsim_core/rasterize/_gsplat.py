"""The CUDA backend: ``gsplat.rasterization_2dgs`` behind our signature."""

from typing import Any

import torch
from torch import Tensor

from xsim_core.errors import MissingDependencyError


def render_gsplat(
    splats: tuple[Tensor, ...],
    screen: Tensor | None,
    T_cam_world: Tensor,
    K: Tensor,
    width: int,
    height: int,
    background_rgb: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """As ``render_dense``, on the CUDA device; results stay there.

    Differences that are gsplat's: no variance of depth (0 here); a splat's depth is that of its
    centre, and its low-pass is centred on the projected ellipse, which is nearly the same for
    splats that are small beside their distance.

    Raises:
        MissingDependencyError: without gsplat or without a CUDA device.
    """
    rasterization_2dgs = _import_gsplat()
    device = torch.device("cuda")
    means, quats, scales, opacities, rgb = (t.to(device, torch.float32) for t in splats)
    # gsplat's discs live in a 3-column scale whose third entry is unused.
    scales = torch.cat([scales, torch.ones_like(scales[:, :1])], -1)
    K = K.to(device, torch.float32).clone()
    K[:2, 2] += 0.5  # gsplat's pixel centres are half integers
    quats = quats / quats.norm(dim=-1, keepdim=True)
    camera = (T_cam_world.to(device, torch.float32)[None], K[None], width, height)
    options = {"near_plane": 0.02, "backgrounds": None, "render_mode": "RGB+D"}
    colours, alphas, _, _, _, median, meta = rasterization_2dgs(
        means, quats, scales, opacities, rgb, *camera, **options
    )
    _keep_screen_gradient(screen, meta)
    alpha = alphas[0, ..., 0]
    image = colours[0, ..., :3] + (1 - alpha)[..., None] * background_rgb.to(device, torch.float32)
    depth = colours[0, ..., 3]
    square = depth**2 / alpha.clamp(min=1e-6)
    return image, alpha, depth, square, median[0, ..., 0].detach()


def _keep_screen_gradient(screen: Tensor | None, meta: dict[str, Any]) -> None:
    """Copy the gradient of gsplat's projected centres (pixels) to ``screen.grad``."""
    gradient_2dgs = meta.get("gradient_2dgs")
    if screen is None or gradient_2dgs is None or not gradient_2dgs.requires_grad:
        return

    def keep(gradient: Tensor) -> None:
        screen.grad = gradient.reshape(-1, 2)[: len(screen)].to(screen.device)

    gradient_2dgs.register_hook(keep)


def _import_gsplat() -> Any:
    if not torch.cuda.is_available():
        raise MissingDependencyError(
            "backend 'gsplat' needs a CUDA device, and torch sees none. Use backend='cpp'."
        )
    try:
        from gsplat import (  # pyright: ignore[reportMissingImports] # the extra xsim[gpu]
            rasterization_2dgs,
        )
    except ImportError as error:
        raise MissingDependencyError(
            "backend 'gsplat' needs the package gsplat: pip install 'xsim[gpu]'."
        ) from error
    return rasterization_2dgs
