"""Structural similarity (Wang et al. 2004) with a hand-written gradient over OpenCV's filters.

torch's CPU convolutions would cost more than rendering does; OpenCV's separable filter does not.
"""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# The constants of the paper: an 11-tap Gaussian of 1.5 px, (0.01 L)^2 and (0.03 L)^2 with L = 1.
WINDOW = cv2.getGaussianKernel(11, 1.5).astype(np.float32)
C1, C2 = 0.01**2, 0.03**2

FloatImage = NDArray[np.float32]


def _blur(image: FloatImage) -> FloatImage:
    # Zeros beyond the border make the filter its own adjoint, which the gradient below relies on.
    blurred = cv2.sepFilter2D(image, -1, WINDOW, WINDOW, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


class _MeanSSIM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, target: FloatImage) -> Tensor:
        x = np.ascontiguousarray(image.detach().numpy())
        y = target
        mu_x, mu_y = _blur(x), _blur(y)
        var_x, var_y = _blur(x * x) - mu_x**2, _blur(y * y) - mu_y**2
        cov = _blur(x * y) - mu_x * mu_y
        a1, a2 = 2 * mu_x * mu_y + C1, 2 * cov + C2
        b1, b2 = mu_x**2 + mu_y**2 + C1, var_x + var_y + C2
        value = (a1 * a2) / (b1 * b2)
        ctx.parts = x, y, mu_x, mu_y, a1, a2, b1, b2, value
        return torch.tensor(float(value.mean()))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        x, y, mu_x, mu_y, a1, a2, b1, b2, value = ctx.parts
        scale = np.float32(grads[0]) / value.size
        d_mu = value * (2 * mu_y / a1 - 2 * mu_x / b1)
        d_var, d_cov = -value / b2, 2 * value / a2
        # var_x and cov subtract products of the means.
        d_mu += -2 * mu_x * d_var - mu_y * d_cov
        out = _blur(d_mu) + 2 * x * _blur(d_var) + y * _blur(d_cov)
        return torch.from_numpy(np.ascontiguousarray(scale * out, dtype=np.float32)), None


def mean_ssim(image: Tensor, target: FloatImage) -> Tensor:
    """Mean SSIM in [-1, 1] of an image (h, w, 3) in [0, 1], differentiable in the image.

    Args:
        image: float32 on the CPU.
        target: contiguous float32, the same shape.
    """
    return _MeanSSIM.apply(image, target)  # pyright: ignore[reportReturnType]
