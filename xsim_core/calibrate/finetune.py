"""Fine-tune a student: clone the teacher on synthetic data and on what the robot saw."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsim_core.policies import ChunkSampler, Episodes, Student, TaughtWindows, Trainer
from xsim_core.policies.augment import augmented
from xsim_core.policies.chunks import Batch
from xsim_core.policies.cloning import cloning_loss
from xsim_core.policies.config import AugmentConfig, OptimConfig
from xsim_core.policies.fitting import Auxiliary, fit
from xsim_core.policies.networks import StudentNet, build_net
from xsim_core.policies.student import device_of, to_image_tensor
from xsim_core.storage import Progress

from .config import AlignConfig, TeachConfig
from .infonce import alignment, infonce, retrieval_accuracy
from .pairs import Pairs


def pair_loss(pairs: Pairs, config: AlignConfig) -> Auxiliary:
    """The weighted InfoNCE of a random batch of ``pairs`` as a function of network and stream."""
    same = torch.from_numpy(pairs.duplicates(config.duplicate_m))
    size = min(config.batch_size, len(pairs))

    def loss(net: StudentNet, rng: np.random.Generator) -> Tensor:
        index = rng.choice(len(pairs), size=size, replace=False)
        device = device_of(net)
        real, sim = (
            net.encoder.features(augmented(frames, index, config.augment, rng=rng, device=device))
            for frames in (pairs.real, pairs.sim)
        )
        ignore = same[index][:, index].to(device)
        return config.weight * infonce(
            real,
            sim,
            temperature=config.temperature,
            ignore=ignore,
            both_ways=config.directions == "both",
        )

    return loss


def taught_loss(
    pairs: Pairs, config: TeachConfig, student: Student, *, state_noise: float, noise_draws: int
) -> Auxiliary:
    """The weighted imitation loss on a random batch of labelled real images.

    Args:
        pairs: with what the teacher would do.
        config: how much, on which images.
        student: whose normalisers and objective.
        state_noise: as on synthetic images.
        noise_draws: noise levels an image.
    """
    a, objective = student.architecture, student.objective()
    frames = [pairs.real, pairs.sim] if config.images == "both" else [pairs.real]
    state = student.state.normalize(pairs.state)
    action = torch.from_numpy(student.action.normalize(pairs.action))
    mask = torch.from_numpy(pairs.mask)
    size = min(config.batch_size, len(pairs))

    def loss(net: StudentNet, rng: np.random.Generator) -> Tensor:
        device = device_of(net)
        index = rng.choice(len(pairs), size=size, replace=False)
        felt = state[index] + state_noise * rng.standard_normal(state[index].shape, np.float32)
        every = np.tile(index, len(frames))
        rgb = torch.cat(
            [augmented(f, index, config.augment, rng=rng, device=device) for f in frames]
        )
        batch = Batch(
            rgb[:, None].expand(-1, a.n_obs_steps, -1, -1, -1),
            torch.from_numpy(np.tile(felt[:, None], (len(frames), a.n_obs_steps, 1))).to(device),
            action[every].to(device),
            mask[every].to(device),
        )
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return config.weight * cloning_loss(net, objective, batch, noise_draws, generator=generator)

    return loss


def finetune(
    student: Student,
    episodes: Episodes,
    pairs: Pairs,
    *,
    optim: OptimConfig,
    align: AlignConfig,
    teach: TeachConfig | None,
    taught: TaughtWindows | None = None,
    taught_share: float | None = None,
    augment: AugmentConfig,
    state_noise: float,
    seed: int,
    checkpoint: Path,
    progress: Progress,
) -> tuple[Trainer, Student]:
    """Train all weights of ``student`` further, where it lives; its normalisers stay.

    Windows in ``taught`` are drawn beside those of ``episodes``, as ``ChunkSampler`` does.
    """
    net = build_net(student.architecture).to(student.device)
    net.load_state_dict(student.net.state_dict())
    trainer = Trainer(net, optim)
    sampler = ChunkSampler(
        episodes,
        student.state,
        student.action,
        student.architecture,
        augment,
        state_noise,
        student.device,
        taught=taught,
        taught_share=taught_share,
    )
    further: list[Auxiliary] = []
    if len(pairs) >= 2 and align.weight > 0:
        further.append(pair_loss(pairs, align))
    if len(pairs) >= 1 and pairs.is_taught and teach is not None:
        draws = optim.noise_draws
        further.append(
            taught_loss(pairs, teach, student, state_noise=state_noise, noise_draws=draws)
        )

    def auxiliary(net: StudentNet, rng: np.random.Generator) -> Tensor:
        return torch.stack([loss(net, rng) for loss in further]).sum()

    fit(
        trainer,
        sampler,
        seed=seed,
        checkpoint=checkpoint,
        progress=progress,
        auxiliary=auxiliary if further else None,
    )
    return trainer, Student(trainer.averaged(), student.state, student.action)


@torch.inference_mode()
def encoder_features(student: Student, rgb: NDArray[np.uint8]) -> Tensor:
    """Features (n, f) of images (n, h, w, 3), without augmentation, on the CPU."""
    student.net.eval()
    parts = [
        student.net.encoder.features(to_image_tensor(rgb[i : i + 64], student.device)).cpu()
        for i in range(0, len(rgb), 64)
    ]
    return torch.cat(parts)


def agreement_figures(student: Student, pairs: Pairs, duplicate_m: float) -> dict[str, float]:
    """How well features of real frames agree with those of their simulated counterparts."""
    real, sim = (encoder_features(student, frames) for frames in (pairs.real, pairs.sim))
    return {
        "retrieval": retrieval_accuracy(real, sim, pairs.duplicates(duplicate_m)),
        "alignment": alignment(real, sim),
    }
