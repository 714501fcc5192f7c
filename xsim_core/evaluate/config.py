"""How much is tried."""

from typing import Literal

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain


class EvaluateConfig(StageConfig):
    """How much is tried."""

    num_sim_trials: int = Field(default=30, ge=1)
    """Seeds of each student's row in simulation."""
    num_teacher_trials: int = Field(default=50, ge=1)
    """Seeds of the teacher's row; its first ones are the students' seeds. It needs no images."""
    num_real_trials: int = Field(default=30, ge=1)
    """Seeds of each row in the real world."""
    seed: int = Field(default=90_000, ge=0)
    """First seed; no stage trains or calibrates on these."""
    domain: Domain = randomised_domain()
    """Of the rows in simulation: as randomised as the dataset."""
    num_films: int = Field(default=4, ge=1)
    """Episodes of each row that are shown."""
    compares: Literal["calibration", "promotion"] = "calibration"
    """What the two students are to each other: one before and after calibration, or the policy
    that is current and the one that may replace it, in the inputs' order."""
