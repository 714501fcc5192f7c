"""The Prefect task of stage ``evaluate``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import (
    ArtifactRef,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealWorld,
    SimWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.evaluate import EvaluateConfig
from xsim_core.stages import EVALUATE


@task(name="evaluate", task_run_name="evaluate", **TASK_POLICY)
def evaluate(
    teacher: ArtifactRef[TeacherPolicy],
    student: ArtifactRef[StudentPolicy],
    sim: ArtifactRef[SimWorld],
    scene: ArtifactRef[SplatScene],
    track: ArtifactRef[ObjectTrack],
    images: ArtifactRef[PosedImages],
    calibrated: ArtifactRef[StudentPolicy] | None = None,
    world: ArtifactRef[RealWorld] | None = None,
    truth: ArtifactRef[GroundTruth] | None = None,
    *,
    config: EvaluateConfig,
) -> ArtifactRef[Evaluation]:
    """Success, progress and errors against truth, each with its uncertainty."""
    inputs = {
        "teacher": teacher, "student": student, "calibrated": calibrated, "sim": sim,
        "scene": scene, "track": track, "images": images, "world": world, "truth": truth,
    }  # fmt: skip
    return execute(EVALUATE, config, inputs)
