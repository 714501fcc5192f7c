"""The page of calls: what is made from what, in order. Planned, run here, or run by Prefect.

``execute`` decides what a call does (see ``flows.executors``); nothing here knows Prefect.
"""

from collections.abc import Mapping
from typing import NamedTuple

from xsim_core.artifacts import (
    ArtifactRef,
    Capture,
    EpisodeDataset,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.presets import PipelineConfig
from xsim_core.stages import (
    BUILD_SIM,
    CALIBRATE,
    DEPLOY,
    DIFFUSION,
    EVALUATE,
    INGEST_CAPTURE,
    INGEST_ROLLOUTS,
    INGEST_TRUTH,
    INGEST_WORLD,
    POSE_TRACK,
    PPO,
    RENDER_DATASET,
    REVIEW_TRACK,
    SCAN,
    SPLAT,
)

from .executors import Executor
from .records.awaiting import AwaitsRolloutsError
from .sources import Reviewed, Sources

Made = Mapping[str, ArtifactRef]
"""What a run made, by stage."""

RECONSTRUCTED = tuple(stage.name for stage in (INGEST_CAPTURE, SCAN, SPLAT, POSE_TRACK))
"""The stages behind a reconstructed capture."""


class Ingested(NamedTuple):
    """What came from outside."""

    capture: ArtifactRef[Capture]
    truth: ArtifactRef[GroundTruth] | None
    world: ArtifactRef[RealWorld] | None

    @classmethod
    def of(cls, made: Made) -> "Ingested":
        """As an earlier run took it in."""
        truth, world = made.get(INGEST_TRUTH.name), made.get(INGEST_WORLD.name)
        return cls(
            made[INGEST_CAPTURE.name].of(Capture),
            None if truth is None else truth.of(GroundTruth),
            None if world is None else world.of(RealWorld),
        )


class Reconstruction(NamedTuple):
    """What was found in photos and video."""

    images: ArtifactRef[PosedImages]
    scene: ArtifactRef[SplatScene]
    track: ArtifactRef[ObjectTrack]

    @classmethod
    def of(cls, made: Made) -> "Reconstruction":
        """As an earlier run found it."""
        track = made.get(REVIEW_TRACK.name, made[POSE_TRACK.name])
        images, scene = made[SCAN.name].of(PosedImages), made[SPLAT.name].of(SplatScene)
        return cls(images, scene, track.of(ObjectTrack))


class Trained(NamedTuple):
    """What was learnt in simulation alone."""

    sim: ArtifactRef[SimWorld]
    teacher: ArtifactRef[TeacherPolicy]
    dataset: ArtifactRef[EpisodeDataset]
    student: ArtifactRef[StudentPolicy]

    @classmethod
    def of(cls, made: Made) -> "Trained":
        """As an earlier run learnt it."""
        return cls(
            made[BUILD_SIM.name].of(SimWorld),
            made[PPO.name].of(TeacherPolicy),
            made[RENDER_DATASET.name].of(EpisodeDataset),
            made[DIFFUSION.name].of(StudentPolicy),
        )


class Transferred(NamedTuple):
    """What is deployed, and the evidence for it."""

    deployed: ArtifactRef[StudentPolicy]
    """The calibrated student; the student itself where there was no robot to calibrate on."""
    evaluation: ArtifactRef[Evaluation]


def ingest(execute: Executor, sources: Sources) -> Ingested:
    """Take the capture in, and what belongs to it where it was synthesised."""
    capture = execute(INGEST_CAPTURE, sources.capture)
    truth = execute(INGEST_TRUTH, sources.truth) if sources.truth is not None else None
    world = execute(INGEST_WORLD, sources.world) if sources.world is not None else None
    return Ingested(capture, truth, world)


def real_to_sim(
    execute: Executor,
    config: PipelineConfig,
    capture: ArtifactRef[Capture],
    sources: Sources | None = None,
) -> Reconstruction:
    """From the photos to a scene, and from the video to the object's motion."""
    images = execute(SCAN, config.scan, capture=capture)
    scene = execute(SPLAT, config.splat, images=images)
    track = execute(POSE_TRACK, config.pose_track, capture=capture)
    return Reconstruction(images, scene, reviewed(execute, capture, track, sources))


def reviewed(
    execute: Executor,
    capture: ArtifactRef[Capture],
    track: ArtifactRef[ObjectTrack],
    sources: Reviewed | None,
) -> ArtifactRef[ObjectTrack]:
    """The track as a person left it, where one was asked."""
    if sources is None or sources.review is None:
        return track
    return execute(REVIEW_TRACK, sources.review, capture=capture, track=track)


def train(execute: Executor, config: PipelineConfig, found: Reconstruction) -> Trained:
    """A privileged teacher, its successes rendered, and a student that sees only images."""
    sim = execute(BUILD_SIM, config.build_sim, scene=found.scene, track=found.track)
    teacher = execute(PPO, config.ppo, sim=sim)
    dataset = execute(RENDER_DATASET, config.render_dataset, teacher=teacher, sim=sim)
    asked = teacher if config.diffusion.dagger is not None else None
    student = execute(DIFFUSION, config.diffusion, dataset=dataset, sim=sim, teacher=asked)
    return Trained(sim, teacher, dataset, student)


def brought(
    execute: Executor, trained: Trained, sources: Sources | None
) -> ArtifactRef[RealRollouts] | None:
    """The student's rollouts on a robot, where somebody brought such.

    Raises:
        AwaitsRolloutsError: when they are waited for and nobody brought them yet.
    """
    if sources is None:
        return None
    if sources.rollouts is not None:
        return execute(INGEST_ROLLOUTS, sources.rollouts, student=trained.student, sim=trained.sim)
    if sources.given_rollouts is None and sources.deploy == "robot":
        raise AwaitsRolloutsError(trained.student)
    given = sources.given_rollouts
    return None if given is None else given.of(RealRollouts)


def calibrated(
    execute: Executor,
    config: PipelineConfig,
    trained: Trained,
    ingested: Ingested,
    rollouts: ArtifactRef[RealRollouts] | None = None,
) -> ArtifactRef[StudentPolicy]:
    """The student to deploy; without rollouts there is nothing to calibrate with.

    Those that were brought take the place of all that are made here.

    In the simulated world each round deploys the student that the round before calibrated.
    """
    student, sim = trained.student, trained.sim
    if rollouts is not None:
        return _calibrated_with(rollouts, execute, config, trained, student)
    if ingested.world is None:
        return student
    for deploy in config.deploy.rounds():
        rollouts = execute(DEPLOY, deploy, student=student, sim=sim, world=ingested.world)
        student = _calibrated_with(rollouts, execute, config, trained, student)
    return student


def _calibrated_with(
    rollouts: ArtifactRef[RealRollouts],
    execute: Executor,
    config: PipelineConfig,
    trained: Trained,
    student: ArtifactRef[StudentPolicy],
) -> ArtifactRef[StudentPolicy]:
    return execute(
        CALIBRATE,
        config.calibrate,
        student=student,
        dataset=trained.dataset,
        sim=trained.sim,
        rollouts=rollouts,
        teacher=trained.teacher if config.calibrate.asks_teacher else None,
    )


def sim_to_real(
    execute: Executor,
    config: PipelineConfig,
    found: Reconstruction,
    trained: Trained,
    ingested: Ingested,
    sources: Sources | None = None,
) -> Transferred:
    """Calibrate on the robot and evaluate; ``sources`` may hold rollouts that were brought."""
    rollouts = brought(execute, trained, sources)
    best = calibrated(execute, config, trained, ingested, rollouts)
    evaluation = execute(
        EVALUATE,
        config.evaluate,
        student=trained.student,
        calibrated=None if best == trained.student else best,
        truth=ingested.truth,
        rollouts=rollouts,
        **tried_in(found, trained, ingested),
    )
    return Transferred(best, evaluation)


def tried_in(
    found: Reconstruction, trained: Trained, ingested: Ingested
) -> dict[str, ArtifactRef | None]:
    """What ``evaluate`` takes beside the policies of images and the truth."""
    return {
        "teacher": trained.teacher,
        "sim": trained.sim,
        "scene": found.scene,
        "track": found.track,
        "images": found.images,
        "world": ingested.world,
    }


def whole_chain(execute: Executor, config: PipelineConfig, sources: Sources) -> Transferred:
    """A human video in, an evaluated and calibrated policy out."""
    ingested = ingest(execute, sources)
    found = real_to_sim(execute, config, ingested.capture, sources)
    trained = train(execute, config, found)
    return sim_to_real(execute, config, found, trained, ingested, sources)
