"""The Prefect task of stage ``pose_track``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, Capture, ObjectTrack
from xsim_core.pose_track import PoseTrackConfig
from xsim_core.stages import POSE_TRACK


@task(name="pose_track", task_run_name="pose_track", **TASK_POLICY)
def pose_track(
    capture: ArtifactRef[Capture],
    *,
    config: PoseTrackConfig,
) -> ArtifactRef[ObjectTrack]:
    """The object's motion through the video, in the robot's frame."""
    return execute(POSE_TRACK, config, {"capture": capture})
