"""Image augmentation for training the student, independent for each image."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.geometry.arrays import RgbImage, RgbImages

from .config import AugmentConfig
from .local_light import relight
from .student import to_image_tensor


def augmented(
    frames: RgbImages,
    index: NDArray[np.int64],
    config: AugmentConfig,
    *,
    rng: np.random.Generator,
    device: torch.device | None = None,
) -> Tensor:
    """``frames[index]`` (b, 3, h, w) in +-0.5: shifted, lit, then seen by another sensor.

    What is drawn at random is drawn on the CPU, so that it is the same on every device.
    """
    rgb = to_image_tensor(crop_shifted(frames, index, config.shift_px, rng=rng), device)
    if config.light is not None:
        rgb = relight(rgb, config.light, rng=rng)
    return jitter_colour(rgb, config, rng=rng)


def crop_shifted(
    frames: RgbImages, index: NDArray[np.int64], shift_px: int, *, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Gather ``frames[index]`` (b, h, w, 3), each translated at random with replicated borders.

    Frames are copied one by one: a gather of single pixels takes seven times as long.
    """
    if shift_px == 0:
        return frames[index]
    h, w = frames.shape[1:3]
    shift = rng.integers(-shift_px, shift_px + 1, size=(len(index), 2))
    shifted = np.empty((len(index), h, w, 3), np.uint8)
    padded = np.empty((h + 2 * shift_px, w + 2 * shift_px, 3), np.uint8)
    for out, k, (down, right) in zip(shifted, index, shift + shift_px, strict=True):
        _replicate_border(frames[k], padded, shift_px)
        out[...] = padded[down : down + h, right : right + w]
    return shifted


def _replicate_border(frame: RgbImage, padded: NDArray[np.uint8], width: int) -> None:
    """Put ``frame`` into the middle of ``padded``, whose borders repeat its outermost pixels."""
    inner = padded[width:-width]
    inner[:, width:-width] = frame
    inner[:, :width] = frame[:, :1]
    inner[:, -width:] = frame[:, -1:]
    padded[:width], padded[-width:] = inner[0], inner[-1]


def jitter_colour(rgb: Tensor, config: AugmentConfig, *, rng: np.random.Generator) -> Tensor:
    """Brightness, white balance, saturation, contrast and noise of images (b, 3, h, w) in +-0.5."""
    b, _, h, w = rgb.shape
    x = (rgb + 0.5).flatten(2)

    def factor(amount: float, channels: int = 1) -> Tensor:
        draw = 1 + amount * rng.uniform(-1, 1, (b, channels, 1))
        return torch.from_numpy(draw.astype(np.float32)).to(x.device)

    # All four are linear in the pixel, so they are one matrix and one offset for each image.
    gain = torch.diag_embed((factor(config.gain) * factor(config.tint, 3))[..., 0])
    saturation, contrast = factor(config.saturation), factor(config.contrast)
    matrix = (saturation * torch.eye(3, device=x.device) + (1 - saturation) / 3) @ gain
    mean = (matrix @ x.mean(dim=2, keepdim=True)).mean(dim=1, keepdim=True)
    x = torch.baddbmm((1 - contrast) * mean, contrast * matrix, x)
    if config.noise > 0:
        sigma = torch.from_numpy(rng.uniform(0, config.noise, (b, 1, 1)).astype(np.float32))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        grain = torch.randn(x.shape, generator=generator)
        x = x.addcmul(sigma.to(x.device), grain.to(x.device))
    return (x.clamp_(0, 1) - 0.5).reshape(b, 3, h, w)
