"""How the student is built, fitted and shown its images."""

from typing import Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from xsim_core.config import FrozenModel

PredictionType = Literal["sample", "epsilon"]
Network = Literal["small", "unet", "transformer"]
ObjectiveName = Literal["ddpm", "flow"]


class UnetArchitecture(FrozenModel):
    """Diffusion Policy's network for images (Chi et al. 2023), in the words of LeRobot's config.

    A ResNet-18 with GroupNorm, keypoints by spatial softmax, and a 1-D U-Net over the chunk whose
    blocks are scaled and shifted by noise level and observation (``policies.networks.unet``).
    """

    down_dims: tuple[int, ...] = Field(default=(512, 1024, 2048), min_length=1)
    """Channels of the U-Net's levels; each but the last halves the chunk. X-Sim's code has 256, 512
    and 1024."""
    kernel_size: int = Field(default=5, ge=1)
    """Of the convolutions along the chunk, odd."""
    n_groups: int = Field(default=8, ge=1)
    """Groups of their GroupNorm."""
    diffusion_step_embed_dim: int = Field(default=128, ge=4, multiple_of=2)
    """Width of the noise level's embedding."""
    spatial_softmax_num_keypoints: int = Field(default=32, ge=1)
    """Keypoints an image; each gives two coordinates."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size {self.kernel_size} is even: a chunk would change its length. Take "
                f"{self.kernel_size - 1} or {self.kernel_size + 1}."
            )
        odd = [dim for dim in self.down_dims if dim < 1 or dim % self.n_groups]
        if odd:
            raise ValueError(
                f"down_dims {self.down_dims} holds {odd[0]}, which n_groups {self.n_groups} does "
                "not divide. Take multiples of it."
            )
        return self

    @property
    def shortening(self) -> int:
        """By which a chunk's length must be divisible."""
        return 2 ** (len(self.down_dims) - 1)


class TransformerArchitecture(FrozenModel):
    """A transformer over the chunk's actions (DiT, Peebles & Xie 2023): ``networks.transformer``.

    The image's encoder is the small student's.
    """

    width: int = Field(default=128, ge=8)
    """Of a token; there is one for each action."""
    depth: int = Field(default=4, ge=1)
    """Blocks of attention and MLP."""
    num_heads: int = Field(default=4, ge=1)
    """Heads of the attention; they divide the width."""
    mlp_ratio: int = Field(default=4, ge=1)
    """Hidden width of a block's MLP, in widths."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.width % (2 * self.num_heads):
            raise ValueError(
                f"width {self.width} is no multiple of twice num_heads {self.num_heads}. Take one."
            )
        return self


class StudentArchitecture(FrozenModel):
    """Everything that fixes the shapes of a ``StudentNet`` and how it is sampled.

    The network is the small one unless ``unet`` or ``transformer`` is given. Fields that say
    nothing of the student at hand stay at their defaults and are not part of its identity.
    """

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
    unet: UnetArchitecture | None = None
    """Diffusion Policy's network in place of the small one; ``{}`` for its defaults."""
    transformer: TransformerArchitecture | None = None
    """A transformer in place of the small network's denoiser; ``{}`` for its defaults."""
    channels: tuple[int, int, int] = (16, 32, 64)
    """Widths of the encoder's stem and of its two residual levels (not the U-Net's)."""
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
    objective: ObjectiveName = "ddpm"
    """What the network learns: to take noise away (``ddpm``, sampled by DDIM), or the way from
    noise to the chunk (``flow``: rectified flow, sampled by Euler's steps)."""
    num_diffusion_steps: int = Field(default=50, ge=1)
    """Noise levels in training."""
    num_inference_steps: int = Field(default=10, ge=1)
    """Evaluations of the denoiser for a chunk: DDIM's steps, at most as many as noise levels in
    training, or Euler's; a flow wants few."""
    prediction: PredictionType = "sample"
    """Whether the network predicts the clean chunk or the noise."""

    @property
    def network(self) -> Network:
        """Which network this is."""
        if self.unet is not None:
            return "unet"
        return "small" if self.transformer is None else "transformer"

    def of_others(self) -> frozenset[str]:
        """Fields that say nothing of this student: those of other networks and objectives."""
        denoiser = {"denoiser_width", "denoiser_blocks"}
        encoder = {"channels", "head", "head_channels", "embed_dim"}
        unused: set[str] = {"small": set(), "transformer": denoiser, "unet": denoiser | encoder}[
            self.network
        ]
        unused |= {name for name in ("unet", "transformer") if getattr(self, name) is None}
        unused |= (
            {"objective"} if self.objective == "ddpm" else {"num_diffusion_steps", "prediction"}
        )
        return frozenset(unused)

    @model_serializer(mode="wrap")
    def _without_others(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        unused = self.of_others()
        return {name: value for name, value in handler(self).items() if name not in unused}

    @model_validator(mode="after")
    def _is_one_network(self) -> Self:
        if self.unet is not None and self.transformer is not None:
            raise ValueError("unet and transformer are both given: a student has one network")
        for name in sorted(self.of_others() - {"objective"}):
            value, usual = getattr(self, name), type(self).model_fields[name].default
            if value != usual:
                raise ValueError(
                    f"{name} is {value}, but says nothing of a {self.network} network trained as "
                    f"{self.objective}. Leave it at {usual}."
                )
        if self.unet is not None and self.horizon % self.unet.shortening:
            raise ValueError(
                f"horizon {self.horizon} cannot be halved {len(self.unet.down_dims) - 1} times, as "
                f"the U-Net's {len(self.unet.down_dims)} levels do. Take a multiple of "
                f"{self.unet.shortening}, or fewer down_dims."
            )
        return self

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        too_many = self.num_inference_steps > self.num_diffusion_steps
        if self.objective == "ddpm" and too_many:
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
