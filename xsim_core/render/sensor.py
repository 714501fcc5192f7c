"""What a cheap colour camera, and a stereo depth camera, make of a perfect picture."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel


class SensorSpec(FrozenModel):
    """A colour sensor; gain and white balance are drawn once an episode, noise once a frame."""

    noise_std: float = Field(default=2.0, ge=0)
    """Gaussian noise in grey levels of 255."""
    blur_px: float = Field(default=0.0, ge=0, exclude_if=lambda v: v == 0)
    """Standard deviation of the Gaussian into which the lens spreads a point, in pixels."""
    gain_range: tuple[float, float] = (1.0, 1.0)
    """Uniform range of the exposure."""
    white_balance: float = Field(default=0.0, ge=0, lt=1)
    """Half range of the gain of each colour channel."""
    depth_noise_m: float = Field(default=0.0012, ge=0)
    """Standard deviation of depth at one metre; grows with its square, as for stereo."""

    def draw_gain(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Channel gains (3,) of one episode."""
        gain = rng.uniform(*self.gain_range)
        balance = 1 + rng.uniform(-1, 1, size=3) * self.white_balance
        return (gain * balance).astype(np.float32)

    def apply(
        self, rgb: NDArray[np.uint8], gain: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """A picture (h, w, 3) as the sensor reports it."""
        seen = (self._blurred(rgb) if self.blur_px > 0 else rgb) * gain
        if self.noise_std > 0:
            seen += rng.standard_normal(rgb.shape, np.float32) * np.float32(self.noise_std)
        return np.clip(np.rint(seen), 0, 255).astype(np.uint8)

    def _blurred(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        import cv2

        blurred = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), self.blur_px)
        return np.asarray(blurred, np.float32)

    def pass_over(self, image_hw: tuple[int, int], rng: np.random.Generator) -> None:
        """Draw the noise of a picture that nobody looks at: those after it stay what they were."""
        if self.noise_std > 0:
            rng.standard_normal((*image_hw, 3), np.float32)

    def apply_depth(
        self, depth_m: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Depth (h, w) in millimetres with blotchy noise; no measurement across depth edges."""
        import cv2

        coarse = rng.standard_normal((depth_m.shape[0] // 2 + 1, depth_m.shape[1] // 2 + 1))
        # Neighbours share most of their matching window, so stereo noise comes in blotches.
        blotches = cv2.resize(coarse.astype(np.float32), depth_m.shape[::-1])
        seen = depth_m + blotches * np.float32(1.4 * self.depth_noise_m) * depth_m**2
        near = cv2.erode(depth_m, np.ones((3, 3), np.uint8))
        is_edge = depth_m - near > 0.03
        return np.where((depth_m > 0) & ~is_edge, np.rint(seen * 1000), 0).astype(np.uint16)
