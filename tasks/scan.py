"""The Prefect task of stage ``scan``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, Capture, PosedImages
from xsim_core.scan import ScanConfig
from xsim_core.stages import SCAN


@task(name="scan", task_run_name="scan", **TASK_POLICY)
def scan(
    capture: ArtifactRef[Capture],
    *,
    config: ScanConfig,
) -> ArtifactRef[PosedImages]:
    """Camera poses of the photos, in metres and the robot's frame."""
    return execute(SCAN, config, {"capture": capture})
