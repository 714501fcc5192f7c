"""Configuration of the dataset of rendered teacher episodes."""

from typing import Self

from pydantic import Field, model_validator

from xsim_core.config import StageConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain


class RenderDatasetConfig(StageConfig):
    """How many episodes of what, seen how."""

    seed: int = Field(default=1_000_000, ge=0)
    """First episode seed; the following ones count up. Far from the seeds of evaluations."""
    num_episodes: int = Field(default=240, ge=1)
    """Successful episodes to keep."""
    max_attempts: int = Field(default=600, ge=1)
    """Rollouts after which the stage makes do with what succeeded."""
    min_episodes: int = Field(default=8, ge=1)
    """Quality gate: with fewer successes there is nothing to imitate."""
    noisy_fraction: float = Field(default=0.8, ge=0, le=1)
    """Share of the rollouts that are disturbed."""
    action_noise: float = Field(default=0.35, ge=0)
    """Standard deviation of the disturbance added to what the robot executes. The recorded action
    stays the teacher's own, so the student sees how to recover (DART, Laskey et al. 2017)."""
    noise_correlation: float = Field(default=0.7, ge=0, lt=1)
    """From one step to the next: independent noise would average out."""
    steps_after_success: int = Field(default=2, ge=0)
    """Recorded beyond success, so that the student learns to stay."""
    image_hw: tuple[int, int] = (72, 96)
    """Size of the images, (h, w)."""
    domain: Domain = Field(default_factory=randomised_domain)
    """Camera, light and sensor, drawn anew for each episode."""

    @model_validator(mode="after")
    def _counts_can_be(self) -> Self:
        counts = (self.min_episodes, self.num_episodes, self.max_attempts)
        if sorted(counts) != list(counts):
            raise ValueError(
                f"min_episodes ({counts[0]}) of num_episodes ({counts[1]}) in max_attempts "
                f"({counts[2]}) can never be: none may be larger than the next"
            )
        return self


class RenderShardConfig(RenderDatasetConfig):
    """The dataset, and which shard of its episodes."""

    shard: int = Field(ge=0)
    """This one, counted from 0."""
    num_shards: int = Field(ge=1)
    """All of them."""

    def episodes_of(self, num_episodes: int) -> tuple[int, int]:
        """First episode of this shard and the one after its last; sizes differ by one at most."""
        first, last = (num_episodes * k // self.num_shards for k in (self.shard, self.shard + 1))
        return first, last
