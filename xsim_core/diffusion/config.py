"""How the student is trained and tried."""

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from xsim_core.config import StageConfig
from xsim_core.policies.config import AugmentConfig, OptimConfig, StudentArchitecture
from xsim_core.sim.dagger.config import RoundConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain


class DaggerConfig(RoundConfig):
    """When the student is sent out, and how much it then learns from that."""

    after: tuple[float, ...] = Field(default=(0.45, 0.6, 0.75), min_length=1)
    """Shares of the training's steps after which a round is made, one after the other."""


class DiffusionConfig(StageConfig):
    """How the student is built, trained and tried."""

    architecture: StudentArchitecture = StudentArchitecture()
    """Network and sampler; image size, state and action widths are taken from the dataset."""
    optim: OptimConfig = OptimConfig()
    """Optimiser."""
    augment: AugmentConfig = AugmentConfig()
    """Image augmentation."""
    state_noise: float = Field(default=0.02, ge=0)
    """Standard deviation added to normalised proprioception in training."""
    dagger: DaggerConfig | None = None
    """Rounds in which the student acts and the teacher says what it would have done (DAgger); None
    learns from the dataset alone."""
    domain: Domain = randomised_domain()
    """Of the trials and of the rounds: as randomised as the dataset, so that all of them match."""
    num_eval_episodes: int = Field(default=24, ge=0)
    """Closed-loop trials in simulation after training; 0 skips them."""
    eval_seed: int = Field(default=50_000, ge=0)
    """First seed of the trials; apart from every seed that the dataset was made from."""
    seed: int = Field(default=0, ge=0)
    """Of initial weights, batches, augmentation and diffusion noise."""

    @property
    def round_steps(self) -> tuple[int, ...]:
        """Before which training steps rounds are made."""
        n = self.optim.num_steps
        return () if self.dagger is None else tuple(round(share * n) for share in self.dagger.after)

    @model_validator(mode="after")
    def _rounds_can_be(self) -> Self:
        steps = (0, *self.round_steps, self.optim.num_steps)
        if self.dagger is not None and any(a >= b for a, b in pairwise(steps)):
            raise ValueError(
                f"dagger.after {self.dagger.after} of {self.optim.num_steps} training steps makes "
                f"rounds before steps {self.round_steps}: each must come after the one before, "
                "and steps must come before the first and after the last. Give rising shares "
                "between 0 and 1, or fewer."
            )
        return self
