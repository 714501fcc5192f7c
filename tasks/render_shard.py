"""The Prefect task of stage ``render_shard``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, EpisodeShard, SimWorld, TeacherRollouts
from xsim_core.render_dataset import RenderShardConfig
from xsim_core.stages import RENDER_SHARD


@task(name="render_shard", task_run_name="render_shard", **TASK_POLICY)
def render_shard(
    rollouts: ArtifactRef[TeacherRollouts],
    sim: ArtifactRef[SimWorld],
    *,
    config: RenderShardConfig,
) -> ArtifactRef[EpisodeShard]:
    """The pictures of some of a dataset's episodes."""
    return execute(RENDER_SHARD, config, {"rollouts": rollouts, "sim": sim})
