"""The ``diffusion`` stage: clone the teacher from images, then try it in closed loop."""

from collections.abc import Mapping

import numpy as np

from xsim_core.artifacts import EpisodeDataset, SimWorld, StudentPolicy
from xsim_core.device import device_memory, find_device
from xsim_core.pictures import loss_plot
from xsim_core.policies import (
    ChunkSampler,
    Episodes,
    MinMaxNormalizer,
    Student,
    Trainer,
)
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.fitting import fit, new_net, torch_threads, training_figures
from xsim_core.sim.open import check_same_task
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import DiffusionConfig
from .trials import simulate

TRAINING_SHARE = 0.85
"""Of the stage's progress bar; the rest is the closed-loop trials."""


def train_student(
    dataset: OpenArtifact[EpisodeDataset],
    sim: OpenArtifact[SimWorld],
    *,
    config: DiffusionConfig,
    out: ArtifactWriter,
) -> StudentPolicy:
    """Train an image-conditioned diffusion policy and measure it in closed loop in simulation.

    Raises:
        BadInputError: when the dataset is empty or was made for another task.
    """
    check_same_task(dataset, sim)
    episodes = Episodes.read(dataset)
    device = find_device(out.runtime.device)
    less = f"diffusion.optim.batch_size below {config.optim.batch_size}"
    with torch_threads(out.runtime.num_workers), device_memory(device, less):
        trainer, student = imitate(episodes, config=config, out=out)
    student.write(out)
    out.write("curve/loss", np.array(trainer.losses))
    out.add_file("loss.png", loss_plot(trainer.losses, title="imitation loss"))
    figures = training_figures(trainer)
    if config.num_eval_episodes > 0:
        seeds = range(config.eval_seed, config.eval_seed + config.num_eval_episodes)

        def progress(fraction: float, trials: Mapping[str, float]) -> None:
            done = TRAINING_SHARE + (1 - TRAINING_SHARE) * fraction
            out.progress(done, figures | {"sim_success": trials["success_rate"]})

        figures |= simulate(
            student, sim, domain=config.domain, seeds=seeds, out=out, progress=progress
        )
    return StudentPolicy(
        task=sim.summary.task,
        is_calibrated=False,
        architecture=student.architecture.model_dump(mode="json"),
        num_train_steps=trainer.step,
        final_loss=figures["loss"],
        figures=figures,
    )


def imitate(
    episodes: Episodes, *, config: DiffusionConfig, out: ArtifactWriter
) -> tuple[Trainer, Student]:
    """Fit a new student to ``episodes``; its weights are the moving average."""
    architecture = fitted_architecture(config.architecture, episodes)
    state = MinMaxNormalizer.fit(episodes.state)
    action = MinMaxNormalizer.fit(episodes.action)
    device = find_device(out.runtime.device)
    trainer = Trainer(new_net(architecture, seed=config.seed, device=device), config.optim)
    sampler = ChunkSampler(
        episodes, state, action, architecture, config.augment, config.state_noise, device
    )

    def progress(fraction: float, figures: Mapping[str, float]) -> None:
        out.progress(TRAINING_SHARE * fraction, dict(figures))

    fit(
        trainer,
        sampler,
        seed=config.seed,
        checkpoint=out.scratch() / "student.npz",
        progress=progress,
    )
    return trainer, Student(trainer.averaged(), state, action)


def fitted_architecture(
    architecture: StudentArchitecture, episodes: Episodes
) -> StudentArchitecture:
    """The architecture with the dataset's image size and dimensions."""
    h, w = episodes.rgb.shape[1:3]
    sizes: dict[str, int | tuple[int, int]] = {
        "image_hw": (h, w),
        "state_dim": episodes.state.shape[1],
        "action_dim": episodes.action.shape[1],
    }
    return architecture.model_copy(update=sizes)
