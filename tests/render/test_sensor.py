"""xsim_core/render/sensor.py: noise of the strength it says, and no depth across edges."""

import numpy as np
import pytest

from xsim_core.render.sensor import SensorSpec


def test_gain_and_white_balance_stay_in_their_ranges():
    spec = SensorSpec(gain_range=(0.8, 1.2), white_balance=0.1)
    gains = np.array([spec.draw_gain(np.random.default_rng(s)) for s in range(300)])
    assert gains.min() >= 0.8 * 0.9 - 1e-6
    assert gains.max() <= 1.2 * 1.1 + 1e-6
    assert (np.ptp(gains, axis=1) > 0).all()
    np.testing.assert_array_equal(SensorSpec().draw_gain(np.random.default_rng(0)), 1)


@pytest.mark.parametrize("noise_std", [0.0, 2.0, 5.0])
def test_colour_noise_is_as_strong_as_it_says(noise_std):
    rgb = np.full((120, 160, 3), 100, np.uint8)
    gain = np.array([1.0, 1.2, 0.8], np.float32)
    seen = SensorSpec(noise_std=noise_std).apply(rgb, gain, np.random.default_rng(0)).astype(float)
    np.testing.assert_allclose(seen.mean((0, 1)), 100 * gain, atol=0.2)
    # Rounding to whole grey levels adds 1/12.
    expected = np.hypot(noise_std, 12**-0.5) if noise_std else 0
    assert seen.std((0, 1)) == pytest.approx([expected] * 3, abs=0.1)


def test_bright_pixels_clip_and_do_not_wrap():
    rgb = np.full((40, 40, 3), 250, np.uint8)
    seen = SensorSpec().apply(rgb, np.full(3, 1.3, np.float32), np.random.default_rng(0))
    assert seen.min() > 240


def test_depth_noise_grows_with_the_square_of_the_distance():
    spec = SensorSpec(depth_noise_m=0.002)
    spread = {}
    for z in (0.5, 1.0, 2.0):
        depth_m = np.full((240, 320), z, np.float32)
        seen = spec.apply_depth(depth_m, np.random.default_rng(0)) / 1000
        assert seen.mean() == pytest.approx(z, abs=0.001)
        spread[z] = seen.std()
    assert spread[1.0] == pytest.approx(0.002, rel=0.3)
    assert spread[2.0] / spread[1.0] == pytest.approx(4, rel=0.1)


def test_the_far_side_of_an_edge_and_what_nothing_lies_at_is_not_measured():
    depth_m = np.full((40, 60), 1.0, np.float32)
    depth_m[:, 30:] = 1.5
    depth_m[5:8, 5:8] = 0
    seen = SensorSpec().apply_depth(depth_m, np.random.default_rng(0))
    assert (seen[:, 30] == 0).all()
    assert (seen[10:, :30] > 0).all()
    assert (seen[:, 32:] > 0).all()
    assert (seen[5:8, 5:8] == 0).all()


@pytest.mark.parametrize("blur_px", [0.5, 1.0, 2.0])
def test_blur_spreads_a_point_as_far_as_it_says_and_keeps_its_light(blur_px):
    rgb = np.zeros((41, 41, 3), np.uint8)
    rgb[18:23, 18:23] = 255
    spec = SensorSpec(noise_std=0, blur_px=blur_px)
    seen = spec.apply(rgb, np.ones(3, np.float32), np.random.default_rng(0)).astype(float)[..., 0]
    assert seen.sum() == pytest.approx(25 * 255, rel=0.03)
    x = np.arange(41) - 20
    spread = np.sqrt((seen.sum(axis=0) * x**2).sum() / seen.sum())
    assert spread == pytest.approx(np.hypot(blur_px, 2**0.5), rel=0.05)  # Five pixels: sigma √2.
    sharp = SensorSpec(noise_std=0).apply(rgb, np.ones(3, np.float32), np.random.default_rng(0))
    np.testing.assert_array_equal(sharp, rgb)
