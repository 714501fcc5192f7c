"""Light that differs from place to place in an image, drawn anew for each training image.

Shading and shadows tell the room filmed from the room deployed into more than anything that is the
same all over a picture (docs/calibration.md), and the renderer casts neither on the splat. So each
image is lit by a smooth field, darkened by soft-edged shadows, and given a tone curve. Everything
is summed as logarithms: one exponential an image costs a third of a power and a product.
"""

import functools

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .config import LocalLightConfig

GRID_HW = (3, 4)
"""Places between which light varies smoothly: as coarse as a lamp's or a window's falloff."""


def relight(rgb: Tensor, config: LocalLightConfig, *, rng: np.random.Generator) -> Tensor:
    """Images (b, 3, h, w) in +-0.5, each under its own light; at least -0.5.

    What becomes brighter than white is left so, for the sensor's own gain comes after the light.
    """
    b, _, h, w = rgb.shape
    log_rgb = (rgb + 0.5).log_()  # Black is -inf and stays black.
    if config.gain > 0 or config.tint > 0:
        log_rgb += smooth_field(b, (h, w), config, rng=rng, like=rgb)
    if config.max_shadows > 0 and config.shadow_depth > 0:
        image = np.repeat(np.arange(b), rng.integers(config.max_shadows + 1, size=b))
        shadows = soft_shadows(len(image), (h, w), config.shadow_depth, rng=rng, like=rgb)
        fallen = rgb.new_zeros(b, h, w)
        fallen.index_add_(0, torch.from_numpy(image).to(rgb.device), shadows)
        log_rgb += fallen[:, None]
    if config.gamma > 0:
        exponent = np.exp(rng.uniform(-config.gamma, config.gamma, (b, 1, 1, 1)))
        log_rgb *= torch.from_numpy(exponent).to(rgb)
    return log_rgb.exp_() - 0.5


def smooth_field(
    count: int,
    hw: tuple[int, int],
    config: LocalLightConfig,
    *,
    rng: np.random.Generator,
    like: Tensor,
) -> Tensor:
    """Logarithms of light (count, 3, h, w): a coarse grid of draws, enlarged bicubically."""
    common = rng.uniform(-config.gain, config.gain, (count, 1, *GRID_HW))
    channel = rng.uniform(-config.tint, config.tint, (count, 3, *GRID_HW))
    grid = torch.from_numpy(common + channel).to(like).flatten(2)
    return (grid @ _enlargement(hw).to(like)).unflatten(2, hw)


@functools.lru_cache(maxsize=8)
def _enlargement(hw: tuple[int, int]) -> Tensor:
    """What each place of the grid gives to each pixel, (g, h * w): a twentieth of the time."""
    places = torch.eye(GRID_HW[0] * GRID_HW[1]).unflatten(1, (1, *GRID_HW))
    return interpolate(places, size=hw, mode="bicubic", align_corners=True).flatten(1)


def soft_shadows(
    count: int, hw: tuple[int, int], depth: float, *, rng: np.random.Generator, like: Tensor
) -> Tensor:
    """Logarithms of the light that shadows leave (count, h, w), at most 0.

    Half of them fill a half-plane, as furniture's do, the others an ellipse, as an arm's or a
    hand's. Lengths are in half heights of the image.
    """

    def draw(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, 1, 1))).to(like)

    (h, w), aspect = hw, hw[1] / hw[0]
    angle, darkness, softness = draw(-np.pi, np.pi), draw(0, depth), draw(0.02, 0.2)
    right = torch.linspace(-aspect, aspect, w).to(like) - draw(-aspect, aspect)
    down = torch.linspace(-1, 1, h).to(like)[:, None] - draw(-1, 1)
    along, across = (
        angle.cos() * right + angle.sin() * down,
        angle.cos() * down - angle.sin() * right,
    )
    length, width = draw(0.3, 1.0), draw(0.15, 0.6)
    ellipse = width * (1 - ((along / length) ** 2 + (across / width) ** 2).sqrt())
    is_plane = torch.from_numpy(rng.random((count, 1, 1)) < 0.5).to(like.device)
    inside = torch.where(is_plane, along, ellipse)
    return torch.log1p(-darkness * torch.sigmoid(inside / softness))
