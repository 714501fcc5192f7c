"""What is to be done in the reconstructed room."""

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.sim.task import TaskSpec, load_task


class BuildSimConfig(StageConfig):
    """The task; every later stage takes it from the simulator's world."""

    task: TaskSpec = Field(default_factory=lambda: load_task("push_block"))
    """How the object's motion becomes waypoints, actions and reward."""
    accept_track: str = Field(default="", exclude_if=lambda value: not value)
    """Why a track whose verdict is ``fail`` is built from all the same, and who says so."""
