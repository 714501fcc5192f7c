"""The ``diffusion`` stage: clone the teacher from images, then try it in closed loop."""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from xsim_core.artifacts import EpisodeDataset, ObjectTrack, SplatScene, StudentPolicy
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.policies import (
    AugmentConfig,
    ChunkSampler,
    Episodes,
    MinMaxNormalizer,
    OptimConfig,
    Student,
    StudentArchitecture,
    Trainer,
)
from xsim_core.policies.fitting import fit, new_net, torch_threads, training_figures
from xsim_core.policies.pictures import loss_plot
from xsim_core.sim.domain import Domain, randomised_domain
from xsim_core.sim.task import TaskSpec
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .trials import simulate

TRAINING_SHARE = 0.85
"""Of the stage's progress bar; the rest is the closed-loop trials."""


class DiffusionConfig(FrozenModel):
    """How the student is built, trained and tried."""

    task: TaskSpec
    """The task that the dataset shows."""
    architecture: StudentArchitecture = StudentArchitecture()
    """Network and sampler; image size, state and action widths are taken from the dataset."""
    optim: OptimConfig = OptimConfig()
    """Optimiser."""
    augment: AugmentConfig = AugmentConfig()
    """Image augmentation."""
    state_noise: float = Field(default=0.02, ge=0)
    """Standard deviation added to normalised proprioception in training."""
    domain: Domain = randomised_domain()
    """Of the trials: as randomised as the dataset, so that training and trials match."""
    num_eval_episodes: int = Field(default=24, ge=0)
    """Closed-loop trials in simulation after training; 0 skips them."""
    eval_seed: int = 50_000
    """First seed of the trials; apart from every seed that the dataset was made from."""
    seed: int = 0
    """Of initial weights, batches, augmentation and diffusion noise."""


def train_student(
    dataset: OpenArtifact[EpisodeDataset],
    scene: OpenArtifact[SplatScene],
    track: OpenArtifact[ObjectTrack],
    *,
    config: DiffusionConfig,
    out: ArtifactWriter,
) -> StudentPolicy:
    """Train an image-conditioned diffusion policy and measure it in closed loop in simulation.

    Raises:
        BadInputError: when the dataset is empty or was made for another task.
    """
    if dataset.summary.task != config.task.name:
        raise BadInputError(
            f"{dataset.ref} shows task '{dataset.summary.task}', not '{config.task.name}'. "
            "Set DiffusionConfig.task, or render a dataset for this task."
        )
    episodes = Episodes.read(dataset)
    with torch_threads(out.runtime.num_workers):
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
            student, scene, track, task=config.task, domain=config.domain, seeds=seeds, out=out,
            progress=progress,
        )  # fmt: skip
    return StudentPolicy(
        task=config.task.name,
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
    trainer = Trainer(new_net(architecture, seed=config.seed), config.optim)
    sampler = ChunkSampler(
        episodes, state, action, architecture, config.augment, config.state_noise
    )

    def progress(fraction: float, figures: Mapping[str, float]) -> None:
        out.progress(TRAINING_SHARE * fraction, dict(figures))

    fit(
        trainer, sampler, seed=config.seed, checkpoint=out.scratch() / "student.npz",
        progress=progress,
    )  # fmt: skip
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
