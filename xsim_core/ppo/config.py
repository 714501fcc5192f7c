"""Configuration of the teacher's training."""

import numpy as np
from pydantic import Field

from xsim_core.config import FrozenModel, StageConfig
from xsim_core.sim.task import Physics

Range = tuple[float, float]


class PhysicsRange(FrozenModel):
    """Each environment draws its own physics, so that the teacher does not lean on one value."""

    friction: Range = (0.25, 0.5)
    """Object and table."""
    density_kg_m3: Range = (300.0, 800.0)
    """Of the object."""
    action_gain: Range = (0.9, 1.1)
    """Executed over commanded displacement."""
    max_latency_steps: int = Field(default=0, ge=0, le=5)
    """Control steps, uniform from 0 to this. Observations do not show pending actions: more than
    0 slows learning markedly."""

    def sample(self, rng: np.random.Generator) -> Physics:
        """One draw, uniform in each range."""
        return Physics(
            friction=float(rng.uniform(*self.friction)),
            density_kg_m3=float(rng.uniform(*self.density_kg_m3)),
            action_gain=float(rng.uniform(*self.action_gain)),
            action_latency_steps=int(rng.integers(self.max_latency_steps + 1)),
        )


class PPOSettings(FrozenModel):
    """Proximal policy optimisation of any batched environment; names near CleanRL's."""

    seed: int = Field(default=0, ge=0)
    """Of the network, the actions and the episodes."""
    num_env_steps: int = Field(default=400_000, gt=0)
    """Budget; training stops earlier at the success threshold."""
    num_steps: int = Field(default=45, ge=1)
    """Steps of each environment between updates."""
    hidden_sizes: tuple[int, ...] = (128, 128)
    """Of actor and critic each."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Adam's rate."""
    gamma: float = Field(default=0.95, gt=0, le=1)
    """Discount at the control frequency."""
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    """Of generalised advantage estimation (Schulman et al. 2016)."""
    update_epochs: int = Field(default=8, ge=1)
    """Passes over each iteration's steps."""
    num_minibatches: int = Field(default=4, ge=1)
    """Into which each pass is cut."""
    clip_coef: float = Field(default=0.2, gt=0)
    """The ratio of probabilities is clipped to 1 ± this."""
    vf_coef: float = Field(default=0.5, ge=0)
    """Weight of the value loss."""
    ent_coef: float = Field(default=0.0, ge=0)
    """Weight of the entropy bonus."""
    max_grad_norm: float = Field(default=0.5, gt=0)
    """Gradients are scaled down to this norm."""
    target_kl: float = Field(default=0.03, gt=0)
    """An update ends early when the policy has moved this far."""
    log_std_init: float = -0.5
    """Logarithm of the actions' standard deviation at the start."""
    eval_every: int = Field(default=10, ge=1)
    """Iterations between deterministic evaluations."""
    num_eval_episodes: int = Field(default=64, ge=1)
    """Deterministic episodes of each evaluation."""
    success_threshold: float = Field(default=0.97, gt=0, le=1)
    """On held-out seeds; reaching it ends training."""


class PPOConfig(PPOSettings, StageConfig):
    """The teacher's training, in environments of the reconstructed world."""

    physics: PhysicsRange | None = PhysicsRange()
    """Randomised for each environment; without it every one has the task's physics."""
    num_envs: int = Field(default=32, ge=1)
    """Environments stepped together."""
    min_success: float = Field(default=0.0, ge=0, le=1)
    """Quality gate: a worse teacher is an error, because no student can be learned from it."""
