"""What is to be done in the reconstructed room."""

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.sim.task import TaskSpec, load_task


class BuildSimConfig(StageConfig):
    """The task; every later stage takes it from the simulator's world."""

    task: TaskSpec = Field(default_factory=lambda: load_task("push_block"))
    """How the object's motion becomes waypoints, actions and reward."""
