"""The Prefect task of stage ``diffusion``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, EpisodeDataset, SimWorld, StudentPolicy
from xsim_core.diffusion import DiffusionConfig
from xsim_core.stages import DIFFUSION


@task(name="diffusion", task_run_name="diffusion", **TASK_POLICY)
def diffusion(
    dataset: ArtifactRef[EpisodeDataset],
    sim: ArtifactRef[SimWorld],
    *,
    config: DiffusionConfig,
) -> ArtifactRef[StudentPolicy]:
    """An image-conditioned diffusion policy."""
    return execute(DIFFUSION, config, {"dataset": dataset, "sim": sim})
