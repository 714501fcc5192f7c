import numpy as np
import pytest
import torch

from xsim_core.policies.chunks import Batch
from xsim_core.policies.cloning import (
    OptimConfig,
    Trainer,
    cloning_loss,
    learning_rate_factor,
    step_streams,
)
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.ddim import DDIMSchedule
from xsim_core.policies.networks import build_net

SMALL = StudentArchitecture(
    image_hw=(24, 32),
    state_dim=2,
    action_dim=2,
    channels=(8, 8, 8),
    embed_dim=16,
    denoiser_width=16,
    denoiser_blocks=1,
    head_channels=4,
)
SCHEDULE = DDIMSchedule.create(50, 10, "sample")


def made_up_batch(b=6):
    g = torch.Generator().manual_seed(0)
    return Batch(
        torch.rand((b, 1, 3, 24, 32), generator=g) - 0.5,
        torch.rand((b, 1, 2), generator=g),
        torch.rand((b, 8, 2), generator=g) * 2 - 1,
        torch.ones(b, 8),
    )


@pytest.mark.parametrize("head", ["flatten", "spatial_softmax"])
def test_padded_actions_do_not_matter(head):
    net = build_net(SMALL.model_copy(update={"head": head}))
    batch = made_up_batch()
    batch.mask[:, 5:] = 0

    def loss():
        # The denoiser sees padded entries, so only the target is varied, through the sum of errors.
        return cloning_loss(net, SCHEDULE, batch, 3, generator=torch.Generator().manual_seed(1))

    net.denoise = lambda noisy, step, condition: torch.zeros_like(noisy)
    before = float(loss())
    batch.action[:, 5:] += 1.0
    assert float(loss()) == before


def test_a_resumed_run_equals_an_unbroken_one(tmp_path):
    config = OptimConfig(warmup_steps=2)

    def steps(trainer, until):
        while trainer.step < until:
            _, generator = step_streams(0, trainer.step)
            loss = cloning_loss(trainer.net, SCHEDULE, made_up_batch(), 2, generator=generator)
            trainer.update(loss, fraction=trainer.step / 8)

    torch.manual_seed(0)
    unbroken = Trainer(build_net(SMALL), config)
    start = {k: v.clone() for k, v in unbroken.net.state_dict().items()}
    steps(unbroken, 8)

    first = Trainer(build_net(SMALL), config)
    first.net.load_state_dict(start)
    first.average = {k: v.clone() for k, v in start.items()}
    steps(first, 4)
    first.save(tmp_path / "checkpoint.npz")
    second = Trainer(build_net(SMALL), config)
    assert second.resume(tmp_path / "checkpoint.npz")
    steps(second, 8)

    assert second.losses == unbroken.losses
    for name, value in unbroken.averaged().state_dict().items():
        torch.testing.assert_close(second.average[name], value, rtol=0, atol=0)


def test_no_checkpoint_means_a_fresh_start(tmp_path):
    assert not Trainer(build_net(SMALL), OptimConfig()).resume(tmp_path / "none.npz")


def test_learning_rate_warms_up_and_ends_at_zero():
    config = OptimConfig(warmup_steps=10)
    assert learning_rate_factor(0, config, fraction=0.0) == pytest.approx(0.1)
    assert learning_rate_factor(20, config, fraction=0.0) == 1.0
    assert learning_rate_factor(20, config, fraction=1.0) == pytest.approx(0.0)


def test_average_follows_the_weights():
    trainer = Trainer(build_net(SMALL), OptimConfig(ema_decay=0.0))
    loss = cloning_loss(
        trainer.net, SCHEDULE, made_up_batch(), 1, generator=torch.Generator().manual_seed(0)
    )
    trainer.update(loss, fraction=0.0)
    for name, value in trainer.net.state_dict().items():
        np.testing.assert_allclose(trainer.average[name], value, atol=1e-7)
