import numpy as np
import pytest

from xsim_core.capture.synthetic.depth_noise import DepthNoise, add_colour_noise, add_depth_noise

F_PX = 600.0
QUIET = DepthNoise(speckle_fraction=0)


def plane(z_m, hw=(120, 160)):
    return np.full(hw, z_m, np.float32)


@pytest.mark.parametrize("z_m", [0.5, 1.0, 2.0])
def test_noise_grows_with_the_square_of_depth(z_m):
    noisy = add_depth_noise(plane(z_m), F_PX, QUIET, rng=np.random.default_rng(0))
    assert (noisy > 0).all()
    assert abs(noisy.mean() - z_m) < 0.1 * QUIET.sigma_m(z_m, F_PX) + 1e-3
    assert noisy.std() == pytest.approx(QUIET.sigma_m(z_m, F_PX), rel=0.15)


def test_disparity_comes_in_steps():
    noisy = add_depth_noise(plane(1.0), F_PX, QUIET, rng=np.random.default_rng(0))
    steps = F_PX * QUIET.baseline_m / noisy / QUIET.disparity_step_px
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-2)


def test_foreground_is_fattened_and_casts_a_shadow_to_its_left():
    depth = plane(1.0)
    depth[40:80, 60:100] = 0.5
    noisy = add_depth_noise(depth, F_PX, QUIET, rng=np.random.default_rng(0))
    near = (noisy > 0.4) & (noisy < 0.6)
    assert near.sum() > 40 * 40
    outside = near.copy()
    outside[38:82, 58:102] = False
    assert not outside.any()
    shadow_px = int(F_PX * QUIET.baseline_m * (1 / 0.5 - 1 / 1.0))
    assert (noisy[45:75, 60 - shadow_px // 2 : 57] == 0).all()
    assert (noisy[45:75, 105:150] > 0).all()


def test_nothing_stays_nothing_and_range_is_limited():
    depth = plane(0.0)
    depth[:, 80:] = 20.0
    assert (add_depth_noise(depth, F_PX, QUIET, rng=np.random.default_rng(0)) == 0).all()
    assert (add_depth_noise(plane(0.1), F_PX, QUIET, rng=np.random.default_rng(0)) == 0).all()


def test_grazing_surfaces_give_holes():
    columns = 0.5 + 0.02 * np.arange(160, dtype=np.float32)
    steep = np.tile(columns, (120, 1))
    noisy = add_depth_noise(steep, F_PX, QUIET, rng=np.random.default_rng(0))
    assert (noisy[:, 20:60] == 0).mean() > 0.9


def test_same_seed_same_noise():
    a, b = (
        add_depth_noise(plane(1.0), F_PX, DepthNoise(), rng=np.random.default_rng(3))
        for _ in range(2)
    )
    np.testing.assert_array_equal(a, b)
    assert (a == 0).mean() == pytest.approx(DepthNoise().speckle_fraction, abs=5e-4)


def test_colour_noise_grows_with_brightness():
    rng = np.random.default_rng(0)
    dark, bright = (
        add_colour_noise(np.full((100, 100, 3), v, np.uint8), rng=rng).std() for v in (30, 200)
    )
    assert 0.5 < dark < bright < 4
