"""Per-dimension min-max normalisation to [-1, 1], stored with the policy's weights."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsim_core.geometry.arrays import PerDimension

# A dimension that never moves (a gripper in a push task) carries noise, not information.
SMALLEST_HALF_RANGE = 1e-3


@dataclass(frozen=True)
class MinMaxNormalizer:
    """An affine map of each dimension to [-1, 1]."""

    centre: PerDimension
    half_range: PerDimension

    @staticmethod
    def fit(values: ArrayLike) -> "MinMaxNormalizer":
        """Fit to the extremes of ``values`` (n, d); constant dimensions map to 0."""
        values = np.asarray(values, dtype=np.float64)
        low, high = values.min(axis=0), values.max(axis=0)
        half = (high - low) / 2
        half = np.where(half < SMALLEST_HALF_RANGE, 1.0, half)
        return MinMaxNormalizer(((low + high) / 2).astype(np.float32), half.astype(np.float32))

    def normalize(self, values: ArrayLike) -> NDArray[np.float32]:
        """To [-1, 1]; values outside the fitted range go outside it."""
        return ((np.asarray(values, np.float32) - self.centre) / self.half_range).astype(np.float32)

    def denormalize(self, values: ArrayLike) -> NDArray[np.float32]:
        """The inverse of ``normalize``."""
        return (np.asarray(values, np.float32) * self.half_range + self.centre).astype(np.float32)

    def arrays(self, name: str) -> dict[str, NDArray[np.float32]]:
        """What to store: ``<name>_centre`` and ``<name>_half_range``."""
        return {f"{name}_centre": self.centre, f"{name}_half_range": self.half_range}

    @staticmethod
    def from_arrays(name: str, arrays: Mapping[str, NDArray[np.float32]]) -> "MinMaxNormalizer":
        """The inverse of ``arrays``."""
        return MinMaxNormalizer(arrays[f"{name}_centre"], arrays[f"{name}_half_range"])
