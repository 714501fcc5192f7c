"""The Prefect task of stage ``ingest_world``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, RealWorld
from xsim_core.capture import IngestConfig
from xsim_core.stages import INGEST_WORLD


@task(name="ingest_world", task_run_name="ingest_world", **TASK_POLICY)
def ingest_world(
    *,
    config: IngestConfig,
) -> ArtifactRef[RealWorld]:
    """Seal the world to deploy into."""
    return execute(INGEST_WORLD, config, {})
