"""How the student is built, fitted and shown its images."""

from typing import Literal, Self

from pydantic import Field, model_validator

from xsim_core.config import FrozenModel

PredictionType = Literal["sample", "epsilon"]


class StudentArchitecture(FrozenModel):
    """Everything that fixes the shapes of a ``StudentNet`` and how it is sampled."""

    image_hw: tuple[int, int] = (72, 96)
    """Height and width of the RGB input, pixels."""
    state_dim: int = 6
    """Proprioception: TCP position, yaw sine and cosine, gripper opening."""
    action_dim: int = 3
    """Layout fixed by the task."""
    n_obs_steps: int = 1
    """Observations that condition one chunk (To)."""
    horizon: int = 8
    """Predicted actions (T)."""
    n_action_steps: int = 4
    """Executed actions before the next prediction (Ta)."""
    channels: tuple[int, int, int] = (16, 32, 64)
    """Widths of the encoder's stem and of its two residual levels."""
    head: Literal["flatten", "spatial_softmax"] = "flatten"
    """How the feature map becomes a vector."""
    head_channels: int = 16
    """Channels kept per cell by the flatten head."""
    embed_dim: int = 128
    """Image embedding that conditions the denoiser."""
    denoiser_width: int = 256
    """Hidden width of the denoiser."""
    denoiser_blocks: int = 3
    """Residual FiLM blocks of the denoiser."""
    num_diffusion_steps: int = Field(default=50, ge=1)
    """Noise levels in training."""
    num_inference_steps: int = Field(default=10, ge=1)
    """DDIM steps at run time, at most as many as noise levels in training."""
    prediction: PredictionType = "sample"
    """Whether the network predicts the clean chunk or the noise."""

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        if self.num_inference_steps > self.num_diffusion_steps:
            raise ValueError(too_many_steps(self.num_inference_steps, self.num_diffusion_steps))
        return self


def too_many_steps(num_inference_steps: int, num_train_steps: int) -> str:
    """Why a sampler cannot take so many steps."""
    return (
        f"{num_inference_steps} sampling steps over {num_train_steps} noise levels: each step goes "
        "to a lower level, so choose 1 to as many steps as levels"
    )


class OptimConfig(FrozenModel):
    """How the student's weights are fitted."""

    num_steps: int = 2_800
    """Gradient steps."""
    batch_size: int = 64
    """Windows a step."""
    noise_draws: int = 4
    """Noise levels drawn for each encoded window; the denoiser costs far less than the encoder."""
    learning_rate: float = 1e-3
    """AdamW's peak rate."""
    warmup_steps: int = 100
    """Steps of linear warm-up before the cosine."""
    weight_decay: float = 1e-4
    """AdamW's weight decay."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this norm."""
    ema_decay: float = 0.999
    """Final decay of the weights' moving average; it warms up as (1 + t) / (10 + t)."""

    @model_validator(mode="after")
    def _warms_up_within(self) -> Self:
        if not 0 <= self.warmup_steps < self.num_steps:
            raise ValueError(
                f"warmup_steps ({self.warmup_steps}) must be shorter than the training "
                f"(num_steps {self.num_steps})"
            )
        return self


class LocalLightConfig(FrozenModel):
    """How light differs from place to place in an image; see ``policies.local_light``."""

    gain: float = Field(default=0.35, ge=0)
    """Half range of the logarithm of the light at each place of a coarse grid."""
    tint: float = Field(default=0.06, ge=0)
    """Half range of the same for each colour channel apart."""
    max_shadows: int = Field(default=2, ge=0)
    """Soft-edged shadows an image; each is there in half of the images."""
    shadow_depth: float = Field(default=0.5, ge=0, lt=1)
    """The darkest one takes this share of the light."""
    gamma: float = Field(default=0.35, ge=0)
    """Half range of the logarithm of the tone curve's exponent."""


class AugmentConfig(FrozenModel):
    """Ranges of the augmentation. All draws are uniform and per image."""

    shift_px: int = 3
    """Largest translation in each axis; the border is replicated."""
    gain: float = 0.25
    """Brightness is multiplied by 1 +- gain."""
    contrast: float = 0.25
    """Distance to the image's mean is multiplied by 1 +- contrast."""
    saturation: float = 0.3
    """Distance to grey is multiplied by 1 +- saturation."""
    tint: float = 0.12
    """Each colour channel is multiplied by 1 +- tint (white balance)."""
    noise: float = 0.02
    """Largest standard deviation of pixel noise, of full range."""
    light: LocalLightConfig | None = LocalLightConfig()
    """Local light, which falls before all of these but the shift; None leaves the room's."""
