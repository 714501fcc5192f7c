"""xsim_core/splat/model.py: Adam against torch's, splits that keep the picture, pruning."""

import numpy as np
import torch

from xsim_core.geometry import PinholeCamera
from xsim_core.rasterize import render_numpy
from xsim_core.splat.model import MIN_OPACITY, NAMES, SplatModel

RATES = {"means": 1e-3, "quats_wxyz": 5e-3, "log_scales": 2e-2, "logit_opacities": 5e-2, "sh0": 0.1}


def model(n=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    return SplatModel(
        {
            "means": torch.randn(n, 3, generator=g),
            "quats_wxyz": torch.randn(n, 4, generator=g),
            "log_scales": torch.randn(n, 2, generator=g) - 2,
            "logit_opacities": torch.randn(n, generator=g),
            "sh0": torch.randn(n, 3, generator=g),
        }
    )


def loss_of(params):
    return sum((p**2).sum() + p.sin().sum() for p in params.values())


def test_adam_is_torchs_adam():
    ours = model()
    theirs = {n: p.clone().requires_grad_() for n, p in ours.params.items()}
    groups = [{"params": [theirs[n]], "lr": RATES[n]} for n in NAMES]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.99), eps=1e-12)
    for _ in range(20):
        ours.require_grad()
        loss_of(ours.params).backward()
        ours.adam_step(RATES)
        adam.zero_grad()
        loss_of(theirs).backward()
        adam.step()
    for name in NAMES:
        torch.testing.assert_close(ours.params[name], theirs[name], rtol=1e-5, atol=1e-6)


def test_training_goes_on_from_arrays_as_if_it_had_not_stopped():
    unbroken = model()
    for step in range(6):
        if step == 3:
            resumed = SplatModel.from_arrays(unbroken.to_arrays())
        unbroken.require_grad()
        loss_of(unbroken.params).backward()
        unbroken.adam_step(RATES)
    for _ in range(3):
        resumed.require_grad()
        loss_of(resumed.params).backward()
        resumed.adam_step(RATES)
    assert resumed.num_updates == unbroken.num_updates
    for name in NAMES:
        assert torch.equal(resumed.params[name], unbroken.params[name])


def facing_discs(n=12):
    """Discs on a grid that face a camera at the origin."""
    x, y = np.meshgrid(np.linspace(-0.3, 0.3, 4), np.linspace(-0.2, 0.2, 3))
    means = np.stack([x.ravel(), y.ravel(), np.ones(n)], -1)
    return SplatModel(
        {
            "means": torch.tensor(means, dtype=torch.float32),
            "quats_wxyz": torch.tensor([[1.0, 0, 0, 0]]).repeat(n, 1),
            "log_scales": torch.full((n, 2), float(np.log(0.08))),
            "logit_opacities": torch.full((n,), 1.0),
            "sh0": torch.linspace(-1, 1, 3 * n).reshape(n, 3),
        }
    )


def picture(splats):
    camera = PinholeCamera.from_fov(48, 36, 0.6)
    out = render_numpy(
        splats.gaussians(), np.eye(4), camera.K, camera.width, camera.height, np.zeros(3)
    )
    return out.rgb, out.alpha


def test_a_split_stays_around_its_middle_and_composites_to_its_opacity():
    splats = facing_discs()
    alpha = picture(splats)[1]
    splats.moment1["means"] += 1.0
    splats.split(torch.arange(len(splats)), rng=np.random.default_rng(0))
    assert len(splats) == 24
    # Smaller discs with less opacity each cover less; training fills what they leave.
    assert 0.5 * alpha.mean() < picture(splats)[1].mean() < alpha.mean()
    means = splats.params["means"]
    np.testing.assert_allclose(
        (means[:12] + means[12:]) / 2, facing_discs().params["means"], atol=1e-6
    )
    # New rows have no momentum of their own.
    assert (splats.moment1["means"][12:] == 0).all()
    halves = splats.params["logit_opacities"].sigmoid()
    together = 1 - (1 - halves[:12]) * (1 - halves[12:])
    np.testing.assert_allclose(together, torch.tensor(1.0).sigmoid().expand(12), atol=1e-5)


def test_what_is_invisible_too_large_or_no_number_is_pruned():
    splats = model(5)
    splats.params["logit_opacities"][:] = 1.0
    splats.params["log_scales"][:] = -3.0
    splats.params["logit_opacities"][0] = float(np.log(MIN_OPACITY / (1 - MIN_OPACITY))) - 0.01
    splats.params["log_scales"][1, 1] = 1.0
    splats.params["means"][2, 0] = float("nan")
    kept = splats.params["means"][3:].clone()
    splats.moment2["means"][3:] = 7.0
    splats.prune(max_scale_m=0.5)
    assert torch.equal(splats.params["means"], kept)
    assert (splats.moment2["means"] == 7).all()
