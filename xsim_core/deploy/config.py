"""How often the student is let act."""

from collections.abc import Iterator

from pydantic import Field

from xsim_core.config import StageConfig


class DeployConfig(StageConfig):
    """How often the student is let act."""

    num_rollouts: int = Field(default=10, ge=1)
    """Episodes on the robot; X-Sim uses 10."""
    num_rounds: int = Field(default=1, ge=1)
    """How often it is let act and calibrated with what came of it; from the second round on it is
    the student that the round before calibrated. X-Sim calibrates so "continually"."""
    seed: int = Field(default=70_000, ge=0)
    """First seed of the starts on the robot; apart from those of ``evaluate``."""

    def rounds(self) -> "Iterator[DeployConfig]":
        """Each round as it stands for itself: other starts, and the same however many follow."""
        for k in range(self.num_rounds):
            seed = self.seed + k * self.num_rollouts
            yield self.model_copy(update={"num_rounds": 1, "seed": seed})
