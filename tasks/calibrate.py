"""The Prefect task of stage ``calibrate``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import (
    ArtifactRef,
    EpisodeDataset,
    RealWorld,
    SimWorld,
    StudentPolicy,
)
from xsim_core.calibrate import CalibrateConfig
from xsim_core.stages import CALIBRATE


@task(name="calibrate", task_run_name="calibrate", **TASK_POLICY)
def calibrate(
    student: ArtifactRef[StudentPolicy],
    dataset: ArtifactRef[EpisodeDataset],
    sim: ArtifactRef[SimWorld],
    world: ArtifactRef[RealWorld],
    *,
    config: CalibrateConfig,
) -> ArtifactRef[StudentPolicy]:
    """Align the student's encoder between the simulation and the real world."""
    return execute(
        CALIBRATE,
        config,
        {"student": student, "dataset": dataset, "sim": sim, "world": world},
    )
