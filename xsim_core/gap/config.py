"""What one rung of the ladder is, and how much is tried on it."""

from collections.abc import Mapping
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from xsim_core.config import StageConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain
from xsim_core.world import WorldSpread

FactorName = Literal[
    "room", "object", "lights", "exposure", "noise", "camera", "table", "friction", "mass",
    "latency", "gain", "joints",
]  # fmt: skip
"""What may differ between the simulation and a world, in the order in which the ladder goes."""
FACTOR_NAMES: tuple[FactorName, ...] = get_args(FactorName)
MEANINGS: Mapping[FactorName, str] = {
    "room": "the room itself is drawn instead of its splat, with what is new on its table",
    "object": "the object's own mesh and paint",
    "lights": "the world's lights, alike in every episode",
    "exposure": "the sensor's gain and white balance",
    "noise": "the sensor's noise and the lens's blur",
    "camera": "where the camera really is",
    "table": "the real table without the reconstructed obstacles",
    "friction": "friction of object and table",
    "mass": "the object's density",
    "latency": "steps between command and execution",
    "gain": "executed over commanded motion",
    "joints": "what the arm's encoders are off by",
}
"""Each in words, as a page says it."""
PICTURE = "seen.png"
"""File of a rung: what the policy saw first in some episodes."""


class GapRungConfig(StageConfig):
    """What one rung of the ladder is, and how much is tried on it."""

    factors: tuple[FactorName, ...] = ()
    """What is as in the world to deploy into; all else is as in simulation."""
    num_trials: int = Field(default=48, ge=2)
    """Seeds, the same on every rung."""
    seed: int = Field(default=90_000, ge=0)
    """First seed; those of ``evaluate``, so that the first and the last rung repeat its rows."""
    num_worlds: int = Field(default=0, ge=0)
    """Drawn worlds among which the trials are shared; 0 is the world to deploy into itself."""
    worlds: WorldSpread = WorldSpread()
    """From what they are drawn."""
    domain: Domain = randomised_domain()
    """Of the simulation: as randomised as the dataset."""

    @field_validator("factors")
    @classmethod
    def _in_order(cls, value: tuple[FactorName, ...]) -> tuple[FactorName, ...]:
        # One set of factors is one rung, however a ladder came to it.
        return tuple(name for name in FACTOR_NAMES if name in value)

    @model_validator(mode="after")
    def _trials_are_shared_evenly(self) -> Self:
        if self.num_worlds == 1:
            raise ValueError("num_worlds: one says nothing of worlds; 0 for none, or 2 and up")
        if self.num_worlds and self.num_trials % self.num_worlds:
            raise ValueError(
                f"num_trials: {self.num_trials} are not shared evenly among {self.num_worlds} "
                "worlds; take a multiple"
            )
        return self
