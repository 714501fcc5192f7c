"""The Prefect task of stage ``ingest_capture``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, Capture
from xsim_core.capture import IngestConfig
from xsim_core.stages import INGEST_CAPTURE


@task(name="ingest_capture", task_run_name="ingest_capture", **TASK_POLICY)
def ingest_capture(
    *,
    config: IngestConfig,
) -> ArtifactRef[Capture]:
    """Read what a person brings: video, photos, mesh and board."""
    return execute(INGEST_CAPTURE, config, {})
