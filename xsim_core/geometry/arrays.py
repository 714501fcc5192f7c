"""Shapes of geometry's arrays as types.

Tests check those of transforms and cameras at every call (jaxtyping and beartype,
``tests/conftest.py``). Elsewhere they are plain arrays: the two packages take 0.2 s to load, and
serve developers only.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING or "jaxtyping" not in sys.modules:
    SE3 = NDArray[np.float64]
    SO3 = NDArray[np.float64]
    Quat = NDArray[np.float64]
    Vectors3 = NDArray[np.float64]
    Points = NDArray[np.float64]
    Twist = NDArray[np.float64]
    Angles = NDArray[np.float64]
    Pixels = NDArray[np.float64]
    Intrinsics = NDArray[np.float64]
else:
    from jaxtyping import Float64

    # NumPy's protocol for nested sequences takes no tuple at run time (NumPy 2, beartype 0.23).
    ArrayLike = Any
    SE3 = Float64[np.ndarray, "*batch 4 4"]
    SO3 = Float64[np.ndarray, "*batch 3 3"]
    Quat = Float64[np.ndarray, "*batch 4"]
    Vectors3 = Float64[np.ndarray, "*batch 3"]
    Points = Float64[np.ndarray, "*batch n 3"]
    Twist = Float64[np.ndarray, "*batch 6"]
    Angles = Float64[np.ndarray | np.floating, "*batch"]
    Pixels = Float64[np.ndarray, "*batch 2"]
    Intrinsics = Float64[np.ndarray, "3 3"]

__all__ = [
    "SE3",
    "SO3",
    "Angles",
    "ArrayLike",
    "Intrinsics",
    "Pixels",
    "Points",
    "Quat",
    "Twist",
    "Vectors3",
]
