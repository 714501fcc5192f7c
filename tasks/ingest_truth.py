"""The Prefect task of stage ``ingest_truth``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, GroundTruth
from xsim_core.capture import IngestConfig
from xsim_core.stages import INGEST_TRUTH


@task(name="ingest_truth", task_run_name="ingest_truth", **TASK_POLICY)
def ingest_truth(
    *,
    config: IngestConfig,
) -> ArtifactRef[GroundTruth]:
    """Read the synthesiser's truth, which only evaluate may open."""
    return execute(INGEST_TRUTH, config, {})
