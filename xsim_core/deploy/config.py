"""How often the student is let act."""

from pydantic import Field

from xsim_core.config import StageConfig


class DeployConfig(StageConfig):
    """How often the student is let act."""

    num_rollouts: int = Field(default=10, ge=1)
    """Episodes on the robot; X-Sim uses 10."""
    seed: int = Field(default=70_000, ge=0)
    """First seed of the starts on the robot; apart from those of ``evaluate``."""
