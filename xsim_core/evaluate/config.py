"""How much is tried."""

from typing import Literal, Self

from pydantic import Field, model_validator

from xsim_core.config import StageConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain
from xsim_core.world.spread import WorldSpread


class EvaluateConfig(StageConfig):
    """How much is tried."""

    num_sim_trials: int = Field(default=30, ge=1)
    """Seeds of each student's row in simulation."""
    num_teacher_trials: int = Field(default=50, ge=1)
    """Seeds of the teacher's row; its first ones are the students' seeds. It needs no images."""
    num_real_trials: int = Field(default=30, ge=1)
    """Seeds of each row in the real world."""
    worlds: WorldSpread = WorldSpread()
    """From what further worlds are drawn."""
    num_worlds: int = Field(default=20, ge=0)
    """How many; none, or at least 2."""
    trials_per_world: int = Field(default=2, ge=1)
    """Seeds of each of them; more worlds say more than more trials."""
    seed: int = Field(default=90_000, ge=0)
    """First seed; no stage trains or calibrates on these."""
    domain: Domain = randomised_domain()
    """Of the rows in simulation: as randomised as the dataset."""
    num_films: int = Field(default=4, ge=1)
    """Episodes of each row that are shown."""
    compares: Literal["calibration", "promotion"] = "calibration"
    """What the two students are to each other: one before and after calibration, or the policy
    that is current and the one that may replace it, in the inputs' order."""

    @model_validator(mode="after")
    def _worlds_differ(self) -> Self:
        if self.num_worlds == 1:
            raise ValueError("num_worlds: one says nothing of worlds; 0 for none, or 2 and up")
        return self
