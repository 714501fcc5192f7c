"""xsim_core/policies/local_light.py: light differs from place to place, not from run to run."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from xsim_core.policies.config import LocalLightConfig
from xsim_core.policies.local_light import GRID_HW, relight, smooth_field, soft_shadows

NONE = {"gain": 0, "tint": 0, "max_shadows": 0, "gamma": 0}
HW = (18, 24)
LIKE = torch.zeros(())


def lit(x, seed=0, **amounts):
    config = LocalLightConfig(**(NONE | amounts)) if amounts else LocalLightConfig()
    return relight(x, config, rng=np.random.default_rng(seed))


def grey(n=6, value=0.5):
    return torch.full((n, 3, *HW), value - 0.5)


def pictures(n=6):
    return torch.rand((n, 3, *HW), generator=torch.Generator().manual_seed(0)) - 0.5


def test_no_light_changes_nothing_and_black_stays_black():
    x = pictures()
    torch.testing.assert_close(lit(x, gain=0), x, atol=1e-6, rtol=0)
    assert torch.equal(lit(grey(value=0.0)), grey(value=0.0))


def test_the_picture_that_is_given_is_left_as_it_was():
    x = pictures()
    before = x.clone()
    lit(x)
    assert torch.equal(x, before)


def test_the_stream_decides_everything_and_every_image_has_its_own_light():
    x = pictures(1).expand(6, -1, -1, -1)
    assert torch.equal(lit(x, seed=1), lit(x, seed=1))
    assert not torch.equal(lit(x, seed=1), lit(x, seed=2))
    one = lit(x, seed=1).flatten(1)
    assert (torch.cdist(one, one) + torch.eye(6) > 0.1).all()


def test_an_image_is_lit_the_same_whatever_the_others_show():
    x, other = pictures(), pictures()
    other[1:] = 0.2
    assert torch.equal(lit(x)[0], lit(other)[0])


@given(gain=st.floats(0, 1), tint=st.floats(0, 0.3), seed=st.integers(0, 99))
def test_a_field_is_within_its_range_where_it_is_drawn_and_near_it_between(gain, tint, seed):
    config = LocalLightConfig(gain=gain, tint=tint)
    rng = np.random.default_rng(seed)
    field = smooth_field(5, (9, 13), config, rng=rng, like=LIKE)
    assert field.shape == (5, 3, 9, 13)
    assert field[..., ::4, ::4].shape[2:] == GRID_HW
    assert field[..., ::4, ::4].abs().max() <= gain + tint + 1e-5
    assert field.abs().max() <= 2 * (gain + tint) + 1e-5  # A cubic overshoots between draws.


def test_a_field_is_smooth_and_its_channels_differ_by_the_tint_alone():
    rng = np.random.default_rng(0)
    field = smooth_field(50, (72, 96), LocalLightConfig(tint=0), rng=rng, like=LIKE)
    assert torch.equal(field[:, 0], field[:, 2])
    assert field.diff(dim=2).abs().max() < 0.05
    assert field.diff(dim=3).abs().max() < 0.05
    assert field.std(dim=(2, 3)).mean() > 0.1
    tinted = smooth_field(
        50, (9, 13), LocalLightConfig(gain=0, tint=0.06), rng=np.random.default_rng(0), like=LIKE
    )[..., ::4, ::4]
    assert 0.08 < (tinted[:, 0] - tinted[:, 2]).abs().max() <= 0.12 + 1e-6


@given(depth=st.floats(0.01, 0.95), seed=st.integers(0, 99))
def test_a_shadow_takes_at_most_its_share_of_the_light_and_adds_none(depth, seed):
    left = soft_shadows(8, HW, depth, rng=np.random.default_rng(seed), like=LIKE).exp()
    assert left.shape == (8, *HW)
    assert left.max() <= 1
    assert left.min() >= 1 - depth - 1e-5


def test_shadows_have_places_and_edges():
    left = soft_shadows(200, HW, 0.5, rng=np.random.default_rng(0), like=LIKE).exp()
    contrast = left.amax((1, 2)) - left.amin((1, 2))
    assert (contrast > 0.05).float().mean() > 0.5
    darkest = left.flatten(1).argmin(dim=1)
    assert len(darkest.unique()) > 40


def test_at_most_so_many_shadows_fall_and_sometimes_none():
    x = grey(400, 1.0)
    untouched = [(lit(x, max_shadows=n) == 0.5).all(dim=(1, 2, 3)).float().mean() for n in (1, 3)]
    assert untouched[0] == pytest.approx(1 / 2, abs=0.1)
    assert untouched[1] == pytest.approx(1 / 4, abs=0.1)


def test_gamma_keeps_black_and_white_and_the_order_of_greys():
    ramp = (torch.linspace(0, 1, 24) - 0.5).expand(40, 3, 18, 24)
    curves = lit(ramp, gamma=0.35)[:, 0, 0] + 0.5
    assert (curves[:, 0] == 0).all()
    torch.testing.assert_close(curves[:, -1], torch.ones(40))
    assert (curves.diff(dim=1) > 0).all()
    exponents = curves[:, 12].log() / torch.linspace(0, 1, 24)[12].log()
    assert exponents.log().abs().max() <= 0.35 + 1e-4
    assert exponents.log().std() > 0.1


def test_light_is_drawn_as_the_images_are_kept():
    like, rng = torch.zeros((), dtype=torch.float64), np.random.default_rng(0)
    assert soft_shadows(2, HW, 0.5, rng=rng, like=like).dtype == like.dtype
    assert smooth_field(2, HW, LocalLightConfig(), rng=rng, like=like).dtype == like.dtype
    assert lit(pictures().double()).dtype == like.dtype
