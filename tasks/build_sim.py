"""The Prefect task of stage ``build_sim``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, ObjectTrack, SimWorld, SplatScene
from xsim_core.build_sim import BuildSimConfig
from xsim_core.stages import BUILD_SIM


@task(name="build_sim", task_run_name="build_sim", **TASK_POLICY)
def build_sim(
    scene: ArtifactRef[SplatScene], track: ArtifactRef[ObjectTrack], *, config: BuildSimConfig
) -> ArtifactRef[SimWorld]:
    """The simulator's world: start, waypoints, collision pieces, background and task."""
    return execute(BUILD_SIM, config, {"scene": scene, "track": track})
