"""The Prefect task of stage ``render_dataset``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, EpisodeDataset, SimWorld, TeacherPolicy
from xsim_core.render_dataset import RenderDatasetConfig
from xsim_core.stages import RENDER_DATASET


@task(name="render_dataset", task_run_name="render_dataset", **TASK_POLICY)
def render_dataset(
    teacher: ArtifactRef[TeacherPolicy],
    sim: ArtifactRef[SimWorld],
    *,
    config: RenderDatasetConfig,
) -> ArtifactRef[EpisodeDataset]:
    """The teacher's successes, rendered under many cameras, lights and starts."""
    return execute(RENDER_DATASET, config, {"teacher": teacher, "sim": sim})
