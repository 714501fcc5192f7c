"""How the student is trained and tried."""

from pydantic import Field

from xsim_core.config import StageConfig
from xsim_core.policies.config import AugmentConfig, OptimConfig, StudentArchitecture
from xsim_core.sim.vision.domain import Domain, randomised_domain


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
    domain: Domain = randomised_domain()
    """Of the trials: as randomised as the dataset, so that training and trials match."""
    num_eval_episodes: int = Field(default=24, ge=0)
    """Closed-loop trials in simulation after training; 0 skips them."""
    eval_seed: int = Field(default=50_000, ge=0)
    """First seed of the trials; apart from every seed that the dataset was made from."""
    seed: int = Field(default=0, ge=0)
    """Of initial weights, batches, augmentation and diffusion noise."""
