"""The Prefect task of stage ``splat``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, PosedImages, SplatScene
from xsim_core.splat import SplatConfig
from xsim_core.stages import SPLAT


@task(name="splat", task_run_name="splat", **TASK_POLICY)
def splat(
    images: ArtifactRef[PosedImages],
    *,
    config: SplatConfig,
) -> ArtifactRef[SplatScene]:
    """2D Gaussians, mesh and collision geometry of the room."""
    return execute(SPLAT, config, {"images": images})
