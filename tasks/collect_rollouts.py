"""The Prefect task of stage ``collect_rollouts``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, SimWorld, TeacherPolicy, TeacherRollouts
from xsim_core.render_dataset import RenderDatasetConfig
from xsim_core.stages import COLLECT_ROLLOUTS


@task(name="collect_rollouts", task_run_name="collect_rollouts", **TASK_POLICY)
def collect_rollouts(
    teacher: ArtifactRef[TeacherPolicy],
    sim: ArtifactRef[SimWorld],
    *,
    config: RenderDatasetConfig,
) -> ArtifactRef[TeacherRollouts]:
    """The teacher's successes without pictures, for shards to render."""
    return execute(COLLECT_ROLLOUTS, config, {"teacher": teacher, "sim": sim})
