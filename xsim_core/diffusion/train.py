"""The ``diffusion`` stage: clone the teacher from images, then try it in closed loop."""

from collections.abc import Mapping

import numpy as np

from xsim_core.artifacts import EpisodeDataset, SimWorld, StudentPolicy, TeacherPolicy
from xsim_core.device import device_memory, find_device
from xsim_core.errors import BadInputError
from xsim_core.pictures import loss_plot, png_bytes
from xsim_core.policies import Episodes, Student
from xsim_core.policies.fitting import torch_threads, training_figures
from xsim_core.policies.teacher import load_teacher
from xsim_core.sim.dagger.rounds import Round, Told, dagger_figures, dagger_film, send_out
from xsim_core.sim.open import check_same_task, open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import DiffusionConfig
from .imitation import SendOut, imitate
from .trials import simulate

TRAINING_SHARE = 0.85
"""Of the stage's progress bar; the rest is the closed-loop trials."""


def train_student(
    dataset: OpenArtifact[EpisodeDataset],
    sim: OpenArtifact[SimWorld] | None = None,
    teacher: OpenArtifact[TeacherPolicy] | None = None,
    *,
    config: DiffusionConfig,
    out: ArtifactWriter,
) -> StudentPolicy:
    """Train an image-conditioned diffusion policy and measure it in closed loop in simulation.

    With ``config.dagger`` it also learns where it gets to itself; see ``sim.dagger.rounds``.
    Demonstrations that somebody brought may be of no world that is here: then there are no trials.

    Raises:
        BadInputError: when the dataset is empty, when it or the teacher is of another task, when a
            teacher is to be asked and there is none, or trials or rounds are asked for without a
            world.
    """
    if sim is not None:
        check_same_task(dataset, sim)
    rounds = _rounds(teacher, sim, config, out)
    if sim is None and config.num_eval_episodes > 0:
        raise BadInputError(
            f"num_eval_episodes is {config.num_eval_episodes}, but there is no world to try the "
            "student in. Set it to 0, or name a world."
        )
    episodes = Episodes.read(dataset)
    device = find_device(out.runtime.device)
    less = f"diffusion.optim.batch_size below {config.optim.batch_size}"
    with torch_threads(out.runtime.num_workers), device_memory(device, less):
        trainer, student, made = imitate(
            episodes, rounds, config=config, out=out, share=TRAINING_SHARE
        )
        figures = training_figures(trainer) | (dagger_figures(made, student) if made else {})
    student.write(out)
    out.write("curve/loss", np.array(trainer.losses))
    marks = config.round_steps
    out.add_file("loss.png", loss_plot(trainer.losses, title="imitation loss", marks=marks))
    if made:
        out.add_file("dagger.png", png_bytes(dagger_film(made)))
    if sim is not None and config.num_eval_episodes > 0:
        seeds = range(config.eval_seed, config.eval_seed + config.num_eval_episodes)

        def progress(fraction: float, trials: Mapping[str, float]) -> None:
            done = TRAINING_SHARE + (1 - TRAINING_SHARE) * fraction
            out.progress(done, figures | {"sim_success": trials["success_rate"]})

        figures |= simulate(
            student, sim, domain=config.domain, seeds=seeds, out=out, progress=progress
        )
    return StudentPolicy(
        task=dataset.summary.task,
        is_calibrated=False,
        architecture=student.architecture.model_dump(mode="json"),
        num_train_steps=trainer.step,
        final_loss=figures["loss"],
        figures=figures,
    )


def _rounds(
    teacher: OpenArtifact[TeacherPolicy] | None,
    sim: OpenArtifact[SimWorld] | None,
    config: DiffusionConfig,
    out: ArtifactWriter,
) -> SendOut | None:
    """How rounds are made, where they are asked for."""
    if (dagger := config.dagger) is None:
        return None
    if teacher is None:
        raise BadInputError(
            "diffusion.dagger labels what the student sees on its own with what a teacher would "
            "do there, and no teacher was given. Give the one of the run (stage ppo), or set "
            "diffusion.dagger=null."
        )
    if sim is None:
        raise BadInputError(
            "diffusion.dagger sends the student out into a world, and none was given. Set "
            "diffusion.dagger=null, or name a world."
        )
    check_same_task(teacher, sim)
    ask = Ask(load_teacher(teacher), config.architecture.horizon)
    world = open_sim_world(sim, out.scratch() / "world")

    def rounds(student: Student, number: int, told: Told) -> Round:
        return send_out(
            student,
            ask,
            world,
            dagger,
            number=number,
            domain=config.domain,
            num_workers=out.runtime.num_workers,
            told=told,
        )

    return rounds
