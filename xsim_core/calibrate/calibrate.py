"""The ``calibrate`` stage: real rollouts, their replay, trusted pairs, and a fine-tuned student."""

import numpy as np

from xsim_core.artifacts import (
    EpisodeDataset,
    RealRollouts,
    SimWorld,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.calibrate.place.camera import CameraFit
from xsim_core.device import device_memory, find_device
from xsim_core.errors import BadInputError
from xsim_core.files.windows import temporary_arrays
from xsim_core.pictures import loss_plot
from xsim_core.policies import Episodes, Student, Trainer
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.fitting import torch_threads, training_figures
from xsim_core.policies.teacher import load_teacher
from xsim_core.sim.dagger.rounds import Round
from xsim_core.sim.open import OpenSimWorld, check_same_task, open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.world import RobotEpisodes, read_rollouts

from .build_pairs import build_pairs, part_of
from .config import CalibrateConfig
from .figures import agreement, pair_figures
from .finetune import finetune
from .harm import Verdict
from .kept import KeptPairs, with_those_before
from .pairs import Pairs
from .pictures import pair_mosaic
from .sent_out import sent_out_once, tell
from .trials import tried


def calibrate_student(
    student: OpenArtifact[StudentPolicy],
    dataset: OpenArtifact[EpisodeDataset],
    sim: OpenArtifact[SimWorld],
    rollouts: OpenArtifact[RealRollouts],
    teacher: OpenArtifact[TeacherPolicy] | None = None,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> StudentPolicy:
    """Carry a student over to the robot's camera, from rollouts of its own.

    A student that was calibrated before is calibrated further: its pairs are kept, the new ones
    added. Where that does harm (see ``harm``), the policy is the student as it was, and the notes
    say why.

    Raises:
        BadInputError: when student, rollouts or teacher are of another task, when all rollouts
            would be held out, when they have no depth, or when a teacher is to be asked and there
            is none.
    """
    check_same_task(student, sim)
    check_same_task(rollouts, sim)
    ask = _whom_to_ask(teacher, sim, student, config)
    num_trained_on = _num_trained_on(rollouts, config)
    out.progress(0.0, {})
    device = find_device(out.runtime.device)
    before = Student.read(student).on(device)
    here = open_sim_world(sim, out.scratch() / "sim")
    asked = ask if config.teach is not None else None
    pairs, camera = _pairs(read_rollouts(rollouts), here, asked, config=config, out=out)
    kept, left_out = with_those_before(student, _trusted(pairs, num_trained_on, config))
    less = f"calibrate.optim.batch_size below {config.optim.batch_size}"
    with torch_threads(out.runtime.num_workers), device_memory(device, less):
        made = _sent_out(before, ask, here, config=config, out=out)
        trainer, after = _finetuned(before, dataset, kept.learnt, made, config=config, out=out)
        figures = training_figures(trainer) | pair_figures(pairs, kept, config.gate)
        figures |= camera.figures()
        figures |= tell(made, after, out)
        figures |= agreement(before, after, kept.judging, config=config, out=out)
        verdict = tried(before, after, kept.judged, here, config=config, out=out)
    kept.write(out)
    out.add_file("pairs.png", pair_mosaic(pairs, pairs.trusted(config.gate)))
    out.add_file("loss.png", loss_plot(trainer.losses, title="imitation loss, and that on pairs"))
    out.write("curve/loss", np.array(trainer.losses))
    (before if verdict.objections else after).write(out)
    figures |= verdict.figures | {"num_rollouts": float(rollouts.summary.num_episodes)}
    num_steps = 0 if verdict.objections else trainer.step
    notes = left_out + _not_applied(verdict, student.summary)
    return _described(student.summary, after.architecture, num_steps, figures, notes)


def _trusted(pairs: Pairs, num_trained_on: int, config: CalibrateConfig) -> KeptPairs:
    trusted = pairs.trusted(config.gate)
    return KeptPairs(pairs.take(trusted), pairs.rollout[trusted] >= num_trained_on)


def _not_applied(verdict: Verdict, before: StudentPolicy) -> tuple[str, ...]:
    stays = "student of the calibration before" if before.is_calibrated else "uncalibrated student"
    return tuple(f"not applied, the {stays} stays: {o}" for o in verdict.objections)


def _described(
    before: StudentPolicy,
    architecture: StudentArchitecture,
    num_steps: int,
    figures: dict[str, float],
    notes: tuple[str, ...],
) -> StudentPolicy:
    """The policy that is left, ``num_steps`` beyond the one before; 0 when that one stays."""
    return StudentPolicy(
        task=before.task,
        is_calibrated=num_steps > 0 or before.is_calibrated,
        architecture=architecture.model_dump(mode="json"),
        num_train_steps=before.num_train_steps + num_steps,
        final_loss=figures["loss"],
        figures=figures,
        notes=notes,
    )


def _num_trained_on(rollouts: OpenArtifact[RealRollouts], config: CalibrateConfig) -> int:
    """Rollouts that are not held out."""
    num_trained_on = rollouts.summary.num_episodes - config.num_held_out
    if num_trained_on < 1:
        raise BadInputError(
            f"{rollouts.ref} has {rollouts.summary.num_episodes} rollouts, and calibrate holds "
            f"{config.num_held_out} out of training: none is left. Bring more, or set "
            "calibrate.num_held_out."
        )
    return num_trained_on


def _whom_to_ask(
    teacher: OpenArtifact[TeacherPolicy] | None,
    sim: OpenArtifact[SimWorld],
    student: OpenArtifact[StudentPolicy],
    config: CalibrateConfig,
) -> Ask | None:
    if not config.asks_teacher:
        return None
    if teacher is None:
        what = "teach" if config.teach is not None else "dagger"
        raise BadInputError(
            f"calibrate.{what} labels images with what a teacher would do, and no teacher was "
            f"given. Give the one of the run (stage ppo), or set calibrate.{what}=null."
        )
    check_same_task(teacher, sim)
    horizon = StudentArchitecture.model_validate(student.summary.architecture).horizon
    return Ask(load_teacher(teacher), horizon)


def _pairs(
    episodes: RobotEpisodes,
    sim: OpenSimWorld,
    ask: Ask | None,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> tuple[Pairs, CameraFit]:
    progress, num_workers = part_of(out.progress, 0.0, 0.45), out.runtime.num_workers
    with temporary_arrays(out.scratch()):
        return build_pairs(
            episodes, sim, config=config, num_workers=num_workers, progress=progress, ask=ask
        )


def _sent_out(
    student: Student,
    ask: Ask | None,
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> Round | None:
    if config.dagger is None or ask is None:
        return None
    progress = part_of(out.progress, 0.45, 0.55)
    with temporary_arrays(out.scratch()):
        return sent_out_once(student, ask, sim, config.dagger, out=out, progress=progress)


def _finetuned(
    student: Student,
    dataset: OpenArtifact[EpisodeDataset],
    pairs: Pairs,
    made: Round | None,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> tuple[Trainer, Student]:
    return finetune(
        student,
        Episodes.read(dataset),
        pairs,
        optim=config.optim,
        align=config.align,
        teach=config.teach,
        taught=made.windows if made is not None else None,
        taught_share=config.dagger.share if config.dagger is not None else None,
        augment=config.augment,
        state_noise=config.state_noise,
        seed=config.seed,
        checkpoint=out.scratch() / "calibrated.npz",
        progress=part_of(out.progress, 0.55, 0.85),
    )
