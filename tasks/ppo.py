"""The Prefect task of stage ``ppo``."""

from prefect import task

from tasks.engine.execution import TASK_POLICY, execute
from xsim_core.artifacts import ArtifactRef, SimWorld, TeacherPolicy
from xsim_core.ppo import PPOConfig
from xsim_core.stages import PPO


@task(name="ppo", task_run_name="ppo", **TASK_POLICY)
def ppo(
    sim: ArtifactRef[SimWorld],
    *,
    config: PPOConfig,
) -> ArtifactRef[TeacherPolicy]:
    """A privileged-state teacher, rewarded for moving the object as the person did."""
    return execute(PPO, config, {"sim": sim})
