"""The ``calibrate`` stage: real rollouts, their replay, trusted pairs, and a fine-tuned student."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import (
    EpisodeDataset,
    RealRollouts,
    SimWorld,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.device import device_memory, find_device
from xsim_core.errors import BadInputError
from xsim_core.pictures import loss_plot
from xsim_core.policies import ClosedLoopStudent, Episodes, Student, TaughtWindows, Trainer
from xsim_core.policies.config import StudentArchitecture
from xsim_core.policies.fitting import torch_threads, training_figures
from xsim_core.policies.teacher import load_teacher
from xsim_core.sim.dagger.rounds import Round
from xsim_core.sim.open import OpenSimWorld, check_same_task, open_sim_world
from xsim_core.sim.vision.asking import Ask
from xsim_core.sim.vision.image_pool import ImageEnvPool
from xsim_core.sim.vision.reporting_policy import ReportingPolicy
from xsim_core.sim.vision.rollout import rollout
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.windows import temporary_arrays
from xsim_core.world import RobotEpisodes, read_rollouts

from .build_pairs import build_pairs, part_of
from .camera import CameraFit
from .config import CalibrateConfig
from .finetune import agreement_figures, encoder_features, finetune
from .harm import MIN_PAIRS, Verdict, judge
from .kept import KeptPairs
from .pairs import Pairs
from .pictures import feature_plot, pair_mosaic
from .sent_out import sent_out_once, tell


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
    before = student.summary
    out.progress(0.0, {})
    device = find_device(out.runtime.device)
    uncalibrated = Student.read(student).on(device)
    here = open_sim_world(sim, out.scratch() / "sim")
    asked = ask if config.teach is not None else None
    pairs, camera = _pairs(read_rollouts(rollouts), here, asked, config=config, out=out)
    trusted = pairs.trusted(config.gate)
    kept, left_out = _with_those_before(
        KeptPairs(pairs.take(trusted), pairs.rollout[trusted] >= num_trained_on), student
    )
    less = f"calibrate.optim.batch_size below {config.optim.batch_size}"
    with torch_threads(out.runtime.num_workers), device_memory(device, less):
        made = _sent_out(uncalibrated, ask, here, config=config, out=out)
        taught = made.windows if made is not None else None
        trainer, calibrated = _finetuned(
            uncalibrated, dataset, kept.learnt, taught, config=config, out=out
        )
        figures = training_figures(trainer) | _pair_figures(pairs, config) | camera.figures()
        figures |= tell(made, calibrated, out)
        figures["pairs_of_before"] = float(len(kept.pairs) - trusted.sum())
        judged = kept.judged if len(kept.judged) >= MIN_PAIRS else kept.pairs
        figures |= _agreement(uncalibrated, calibrated, judged, config=config, out=out)
        verdict = _verdict(uncalibrated, calibrated, kept.judged, here, config=config, out=out)
    kept.write(out)
    out.add_file("pairs.png", pair_mosaic(pairs, trusted))
    out.add_file("loss.png", loss_plot(trainer.losses, title="imitation loss, and that on pairs"))
    out.write("curve/loss", np.array(trainer.losses))
    is_applied = not verdict.objections
    stays = "student of the calibration before" if before.is_calibrated else "uncalibrated student"
    notes = left_out + tuple(f"not applied, the {stays} stays: {o}" for o in verdict.objections)
    (calibrated if is_applied else uncalibrated).write(out)
    return StudentPolicy(
        task=here.task.name,
        is_calibrated=is_applied or before.is_calibrated,
        architecture=calibrated.architecture.model_dump(mode="json"),
        num_train_steps=before.num_train_steps + (trainer.step if is_applied else 0),
        final_loss=figures["loss"],
        figures=figures | verdict.figures | {"num_rollouts": float(rollouts.summary.num_episodes)},
        notes=notes,
    )


def _with_those_before(
    new: KeptPairs, student: OpenArtifact[StudentPolicy]
) -> tuple[KeptPairs, tuple[str, ...]]:
    """The pairs of the calibrations before, and then the new ones; what is left out is said."""
    before = KeptPairs.read(student)
    if before is None:
        return new, ()
    if before.fits(new.pairs):
        return before.joined(new), ()
    left_out = (
        f"{len(before.pairs)} pairs of the calibration before are left out: their images or labels "
        "are of another shape (teach, or another student's horizon)"
    )
    return new, (left_out,)


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
    taught: TaughtWindows | None,
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
        taught=taught,
        taught_share=config.dagger.share if config.dagger is not None else None,
        augment=config.augment,
        state_noise=config.state_noise,
        seed=config.seed,
        checkpoint=out.scratch() / "calibrated.npz",
        progress=part_of(out.progress, 0.55, 0.85),
    )


def _verdict(
    before: Student,
    after: Student,
    held_out: Pairs,
    sim: OpenSimWorld,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> Verdict:
    """What speaks against the calibrated student, where that is asked."""
    if (harm := config.do_no_harm) is None:
        return Verdict((), {})
    seeds = range(harm.seed, harm.seed + harm.num_trials)
    part = iter([(0.85, 0.925), (0.925, 1.0)])
    with ImageEnvPool(
        sim.assets,
        sim.task,
        background=sim.background,
        domain=harm.domain,
        num_envs=min(8, len(seeds)),
        num_workers=out.runtime.num_workers,
    ) as pool:

        def outcomes(student: Student) -> NDArray[np.bool_]:
            reporting = ReportingPolicy(
                ClosedLoopStudent(student),
                num_episodes=len(seeds),
                horizon=sim.task.horizon,
                progress=part_of(out.progress, *next(part)),
            )
            with temporary_arrays(out.scratch()):
                return rollout(pool, reporting, seeds, num_filmed=0).success

        return judge(before, after, held_out, outcomes)


def _pair_figures(pairs: Pairs, config: CalibrateConfig) -> dict[str, float]:
    trusted = pairs.trusted(config.gate)
    distance, angle, _ = pairs.disagreement()
    found = pairs.score >= config.gate.min_track_score
    figures = {"pairs_kept": float(trusted.sum()), "pairs_dropped": float((~trusted).sum())}
    if found.any():
        figures["object_gap_mm"] = 1e3 * float(np.median(distance[found]))
        figures["object_gap_deg"] = float(np.degrees(np.median(angle[found])))
    return figures


def _agreement(
    before: Student,
    after: Student,
    pairs: Pairs,
    *,
    config: CalibrateConfig,
    out: ArtifactWriter,
) -> dict[str, float]:
    """Retrieval and alignment before and after, and their picture; nothing without pairs."""
    if len(pairs) < MIN_PAIRS:
        return {}
    figures = {}
    for when, student in (("before", before), ("after", after)):
        measured = agreement_figures(student, pairs, config.align.duplicate_m)
        figures |= {f"{name}_{when}": value for name, value in measured.items()}
    features = [
        (encoder_features(s, pairs.real), encoder_features(s, pairs.sim)) for s in (before, after)
    ]
    out.add_file("features.png", feature_plot(features[0], features[1], pairs.rollout))
    return figures
