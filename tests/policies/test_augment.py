"""xsim_core/policies/augment.py: shifts replicate borders; colours change as light would."""

import numpy as np
import pytest
import torch

from tests.checking import shapes_checked
from xsim_core.policies import AugmentConfig, augment
from xsim_core.policies.augment import crop_shifted, jitter_colour

shapes = shapes_checked(augment)

STILL = {"shift_px": 0, "gain": 0, "contrast": 0, "saturation": 0, "tint": 0, "noise": 0}


def frames(n=4, h=6, w=8):
    return np.random.default_rng(0).integers(0, 255, (n, h, w, 3), dtype=np.uint8)


def test_a_shifted_picture_is_a_crop_of_the_picture_with_replicated_borders():
    source, index = frames(), np.array([2, 0, 2, 1] * 20)
    shifted = crop_shifted(source, index, 2, rng=np.random.default_rng(0))
    found = set()
    for out, k in zip(shifted, index, strict=True):
        padded = np.pad(source[k], ((2, 2), (2, 2), (0, 0)), mode="edge")
        crops = {(i, j): padded[i : i + 6, j : j + 8] for i in range(5) for j in range(5)}
        match = [at for at, crop in crops.items() if np.array_equal(out, crop)]
        assert match
        found.add(match[0])
    assert len(found) > 15  # All 25 shifts are as likely.
    np.testing.assert_array_equal(
        crop_shifted(source, index, 0, rng=np.random.default_rng(0)), source[index]
    )


def images(n=5):
    return torch.from_numpy(frames(n)).movedim(-1, 1).float() / 255 - 0.5


def jitter(x, seed=0, **ranges):
    config = AugmentConfig(**(STILL | ranges))
    return jitter_colour(x.clone(), config, rng=np.random.default_rng(seed))


def test_no_ranges_change_nothing():
    torch.testing.assert_close(jitter(images()), images(), atol=1e-6, rtol=0)


def test_gain_multiplies_each_image_by_one_number_within_its_range():
    x = 0.4 * (images() + 0.5) + 0.1 - 0.5  # Away from the clamp.
    ratio = ((jitter(x, gain=0.25) + 0.5) / (x + 0.5)).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio), atol=1e-4, rtol=0)
    assert (ratio[:, 0] - 1).abs().max() <= 0.25 + 1e-4
    assert ratio[:, 0].std() > 0.02


def test_tint_multiplies_each_channel_by_its_own_number():
    x = 0.4 * (images() + 0.5) + 0.1 - 0.5
    ratio = ((jitter(x, tint=0.1) + 0.5) / (x + 0.5)).flatten(2)
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio), atol=1e-4, rtol=0)
    assert ratio[..., 0].std(dim=1).min() > 0


def test_saturation_keeps_grey_and_each_pixels_mean():
    x = 0.4 * (images() + 0.5) + 0.2 - 0.5
    grey = x.mean(dim=1, keepdim=True).expand_as(x).contiguous()
    torch.testing.assert_close(jitter(grey, saturation=0.3), grey, atol=1e-5, rtol=0)
    changed = jitter(x, saturation=0.3)
    torch.testing.assert_close(changed.mean(dim=1), x.mean(dim=1), atol=1e-5, rtol=0)
    assert (changed - x).abs().max() > 1e-3


def test_contrast_keeps_the_mean_of_the_image():
    x = 0.4 * (images() + 0.5) + 0.2 - 0.5
    changed = jitter(x, contrast=0.25)
    torch.testing.assert_close(changed.mean((1, 2, 3)), x.mean((1, 2, 3)), atol=1e-5, rtol=0)
    spread = changed.std((1, 2, 3)) / x.std((1, 2, 3))
    assert (spread - 1).abs().max() < 0.26
    assert spread.std() > 0.01


def test_the_stream_decides_everything_and_pictures_stay_in_range():
    x, config = images(), AugmentConfig()
    a, b, other = (jitter_colour(x, config, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, other)
    assert a.abs().max() <= 0.5


@pytest.mark.parametrize("sigma", [0.02, 0.1])
def test_noise_is_at_most_as_strong_as_asked_for(sigma):
    x = torch.zeros(64, 3, 12, 16)
    spread = jitter(x, noise=sigma).flatten(1).std(dim=1)
    assert spread.max() < 1.1 * sigma
    assert spread.mean() == pytest.approx(sigma / 2, rel=0.25)
