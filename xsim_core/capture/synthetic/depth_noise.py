"""What a stereo depth camera makes of true depth.

Constants follow Intel's "Best-Known-Methods for Tuning Intel RealSense D400 Depth Cameras": the RMS
depth error is z^2 * subpixel / (f * baseline), with a D435's 50 mm baseline and a subpixel RMS of
0.08 for a well textured scene; the D4 processor reports disparity in steps of 1/32 px.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel


class DepthNoise(FrozenModel):
    """A stereo depth sensor."""

    baseline_m: float = Field(default=0.050, gt=0)
    subpixel_rms: float = Field(default=0.08, ge=0)
    """RMS disparity noise in pixels."""
    disparity_step_px: float = Field(default=1 / 32, gt=0)
    correlation_px: float = Field(default=1.5, ge=0)
    """Blur of the noise: neighbouring pixels share most of their matching window."""
    fattening_px: int = Field(default=2, ge=0)
    """How far foreground leaks over background: half the matching window that remains visible."""
    grazing_cos: float = Field(default=0.17, ge=0, lt=1)
    """Surfaces seen at a smaller cosine give no match."""
    speckle_fraction: float = Field(default=0.002, ge=0, lt=1)
    """Share of pixels lost at random, in small clumps."""
    min_z_m: float = 0.20
    max_z_m: float = 6.0

    def sigma_m(self, z_m: float, f_px: float) -> float:
        """Standard deviation of depth at ``z_m``, before quantisation."""
        return z_m**2 * self.subpixel_rms / (f_px * self.baseline_m)


def add_depth_noise(
    depth_m: NDArray[np.floating], f_px: float, noise: DepthNoise, *, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Depth (h, w) in metres as the sensor would report it; 0 where it reports nothing.

    Args:
        depth_m: true z-depth (h, w); 0 or inf is nothing there.
        f_px: horizontal focal length.
        noise: the sensor.
        rng: source of the noise.
    """
    import cv2

    true_m = np.where((depth_m > 0) & np.isfinite(depth_m), depth_m, 1e3).astype(np.float32)
    holes = _grazing(true_m, f_px, noise) | _stereo_shadow(true_m, f_px, noise)
    size = 2 * noise.fattening_px + 1
    near_m = cv2.erode(true_m, np.ones((size, size), np.uint8))
    # Whether a border pixel matches the foreground depends on local texture: patches decide.
    patches = cv2.GaussianBlur(rng.standard_normal(true_m.shape).astype(np.float32), (0, 0), 2.0)
    is_fattened = (true_m - near_m > 0.05 * near_m) & (patches > -0.1)
    seen_m = np.where(is_fattened, near_m, true_m)
    disparity = f_px * noise.baseline_m / seen_m
    jitter = rng.standard_normal(true_m.shape).astype(np.float32)
    if noise.correlation_px > 0:
        jitter = cv2.GaussianBlur(jitter, (0, 0), noise.correlation_px)
        jitter /= max(float(jitter.std()), 1e-9)
    step = noise.disparity_step_px
    disparity = np.rint((disparity + noise.subpixel_rms * jitter) / step) * step
    measured_m = f_px * noise.baseline_m / np.maximum(disparity, step)
    holes = (holes & ~is_fattened) | _speckle(true_m.shape, noise, rng)
    holes |= (measured_m < noise.min_z_m) | (measured_m > noise.max_z_m) | (seen_m > 100)
    return np.where(holes, 0, measured_m).astype(np.float32)


def _grazing(z_m: NDArray[np.float32], f_px: float, noise: DepthNoise) -> NDArray[np.bool_]:
    """Pixels whose surface is seen edge-on: cosine between its normal and the optical axis."""
    gy, gx = np.gradient(z_m)
    slope = np.hypot(gx, gy) * f_px / z_m
    return np.asarray(1 / np.hypot(1, slope) < noise.grazing_cos)


def _stereo_shadow(z_m: NDArray[np.float32], f_px: float, noise: DepthNoise) -> NDArray[np.bool_]:
    """Background that the right imager cannot see: left of every nearer thing in its row."""
    w = z_m.shape[1]
    disparity = f_px * noise.baseline_m / z_m
    # Column in the right image; a pixel is hidden if one further right lands at or before it.
    right = np.arange(w, dtype=np.float32) - disparity
    nearest = np.minimum.accumulate(right[:, ::-1], axis=1)[:, ::-1]
    hidden = np.zeros(z_m.shape, dtype=bool)
    hidden[:, :-1] = nearest[:, 1:] < right[:, :-1] - 0.5
    return hidden


def _speckle(
    shape: tuple[int, ...], noise: DepthNoise, rng: np.random.Generator
) -> NDArray[np.bool_]:
    import cv2

    if noise.speckle_fraction == 0:
        return np.zeros(shape, dtype=bool)
    field = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 1.2)
    return np.asarray(field > np.quantile(field, 1 - noise.speckle_fraction))


def add_colour_noise(
    rgb: NDArray[np.uint8], *, rng: np.random.Generator, gain: float = 0.02, read_std: float = 0.6
) -> NDArray[np.uint8]:
    """Shot and read noise on 8-bit colour: variance = gain * value + read_std^2, in grey levels."""
    value = rgb.astype(np.float32)
    std = np.sqrt(gain * value + read_std**2)
    noisy = value + std * rng.standard_normal(rgb.shape, dtype=np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
