"""SSIM against scikit-image, its gradient against finite differences."""

import numpy as np
import torch
from skimage.metrics import structural_similarity

from xsim_core.splat.ssim import mean_ssim


def images():
    rng = np.random.default_rng(0)
    y = rng.random((24, 30, 3), dtype=np.float32)
    x = (0.7 * y + 0.3 * rng.random((24, 30, 3), dtype=np.float32)).astype(np.float32)
    return x, y


def test_equals_scikit_image_away_from_the_border():
    x, y = (np.pad(i, ((8, 8), (8, 8), (0, 0))) for i in images())
    _, truth = structural_similarity(
        x,
        y,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=-1,
        full=True,
    )
    ours = float(mean_ssim(torch.from_numpy(x), y))
    # Padded with zeros, both see zeros beyond the border; float32 filters.
    assert abs(ours - truth.mean()) < 2e-4


def test_gradient_matches_finite_differences():
    x, y = images()
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    mean_ssim(leaf, y).backward()
    direction = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    step = np.float32(1e-3)
    high, low = (float(mean_ssim(torch.from_numpy(x + s * direction), y)) for s in (step, -step))
    slope = float((leaf.grad.numpy() * direction).sum())
    # Central differences of a float32 mean.
    assert abs((high - low) / (2 * step) - slope) < 2e-3 * abs(slope) + 2e-4


def test_identical_images_score_one():
    x, _ = images()
    assert abs(float(mean_ssim(torch.from_numpy(x), x)) - 1) < 1e-5
