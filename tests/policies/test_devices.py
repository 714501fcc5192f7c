"""Networks, losses and training steps of the policies on another device than the CPU's.

torch's ``meta`` device holds no numbers: whatever would copy some back fails on it, and so does a
tensor of the CPU among its own.
"""

import numpy as np
import pytest
import torch

from tests.policies.test_cloning import SMALL, made_up_batch
from tests.policies.toy import toy_episodes
from xsim_core.calibrate.infonce import infonce
from xsim_core.policies.augment import augmented
from xsim_core.policies.chunks import Batch, ChunkSampler
from xsim_core.policies.cloning import Trainer, cloning_loss
from xsim_core.policies.config import AugmentConfig, OptimConfig
from xsim_core.policies.ddim import DDIMSchedule
from xsim_core.policies.fitting import new_net, torch_threads
from xsim_core.policies.normalizer import MinMaxNormalizer
from xsim_core.policies.teacher import ActorCritic
from xsim_core.ppo.config import PPOConfig
from xsim_core.ppo.update import minibatch_update

META = torch.device("meta")
SCHEDULE = DDIMSchedule.create(50, 10, "sample")


def on(batch, device):
    return Batch(*(part.to(device) for part in vars(batch).values()))


@pytest.mark.parametrize(
    ("head", "prediction"), [("flatten", "sample"), ("spatial_softmax", "epsilon")]
)
def test_a_student_is_trained_and_sampled_without_a_copy_to_the_host(head, prediction):
    architecture = SMALL.model_copy(update={"head": head, "prediction": prediction})
    trainer = Trainer(new_net(architecture, seed=0, device=META), OptimConfig())
    schedule = DDIMSchedule.create(50, 10, prediction).on(META)
    batch = on(made_up_batch(), META)
    for _ in range(2):
        generator = torch.Generator().manual_seed(0)
        loss = cloning_loss(trainer.net, schedule, batch, 3, generator=generator)
        trainer.update(loss, fraction=0.1)
    assert {v.device for v in trainer.average.values()} == {META}
    net = trainer.averaged()
    condition = net.condition(batch.rgb, batch.state)
    chunk = schedule.sample(lambda x, at: net.denoise(x, at, condition), batch.action)
    assert (chunk.device, chunk.shape) == (META, batch.action.shape)


def test_batches_are_augmented_where_they_are_used():
    frames = np.random.default_rng(0).integers(0, 250, (5, 24, 32, 3), dtype=np.uint8)
    rgb = augmented(
        frames, np.arange(5), AugmentConfig(), rng=np.random.default_rng(1), device=META
    )
    assert (rgb.device, rgb.shape) == (META, (5, 3, 24, 32))
    episodes = toy_episodes(2, rng=np.random.default_rng(0))
    ranges = (MinMaxNormalizer.fit(values) for values in (episodes.state, episodes.action))
    sampler = ChunkSampler(episodes, *ranges, SMALL, AugmentConfig(), 0.1, META)
    batch = sampler.draw(4, rng=np.random.default_rng(0))
    assert {part.device for part in vars(batch).values()} == {META}


def test_the_contrast_of_pairs_stays_on_its_device():
    features, ignore = torch.zeros(6, 8, device=META), torch.zeros(6, 6, dtype=bool, device=META)
    assert infonce(features, features, temperature=0.1, ignore=ignore).device == META


def rollout_batch(device):
    g = torch.Generator().manual_seed(0)
    sizes = {
        "obs": (32, 7),
        "actions": (32, 3),
        "logprobs": (32,),
        "advantages": (32,),
        "returns": (32,),
    }
    return {name: torch.randn(size, generator=g).to(device) for name, size in sizes.items()}


def test_ppo_updates_without_a_copy_to_the_host():
    net = ActorCritic(7, 3, (16, 16), seed=0).to(META)
    optimiser = torch.optim.Adam(net.parameters())
    for _ in range(2):
        told = minibatch_update(net, optimiser, rollout_batch(META), PPOConfig())
    assert (told.device, told.shape) == (META, (3,))


def test_single_precision_and_double_agree():
    """To 1e-4 of the loss and of each gradient's norm, for the student and for PPO."""
    losses, gradients, kls = [], [], []
    for dtype in (torch.float32, torch.float64):
        net, batch = new_net(SMALL, seed=0).to(dtype), made_up_batch()
        batch = Batch(*(part.to(dtype) for part in vars(batch).values()))
        generator = torch.Generator().manual_seed(0)
        loss = cloning_loss(net, SCHEDULE, batch, 3, generator=generator)
        loss.backward()
        losses.append(loss.item())
        gradients.append({name: p.grad.norm().item() for name, p in net.named_parameters()})
        teacher = ActorCritic(7, 3, (16, 16), seed=0).to(dtype)
        rows = {k: v.to(dtype) for k, v in rollout_batch("cpu").items()}
        optimiser = torch.optim.Adam(teacher.parameters())
        kls.append(minibatch_update(teacher, optimiser, rows, PPOConfig()).double().numpy())
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for name, norm in gradients[1].items():
        assert gradients[0][name] == pytest.approx(norm, rel=1e-3, abs=1e-6), name
    np.testing.assert_allclose(*kls, rtol=1e-4, atol=1e-5)


def test_one_thread_and_two_agree():
    losses = []
    for threads in (1, 2):
        with torch_threads(threads):
            generator = torch.Generator().manual_seed(0)
            net = new_net(SMALL, seed=0)
            losses.append(
                cloning_loss(net, SCHEDULE, made_up_batch(), 3, generator=generator).item()
            )
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_learns_what_the_cpu_learns():
    losses = []
    for device in (torch.device("cpu"), torch.device("cuda")):
        trainer = Trainer(new_net(SMALL, seed=0, device=device), OptimConfig())
        schedule, batch = SCHEDULE.on(device), on(made_up_batch(), device)
        for step in range(20):
            generator = torch.Generator().manual_seed(step)
            loss = cloning_loss(trainer.net, schedule, batch, 3, generator=generator)
            trainer.update(loss, fraction=0.1)
        losses.append(trainer.losses)
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)
