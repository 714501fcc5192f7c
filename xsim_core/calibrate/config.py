"""How rollouts are located and replayed, which pairs are trusted, and what is learnt from them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from xsim_core.config import FrozenModel, StageConfig
from xsim_core.policies.config import AugmentConfig, OptimConfig
from xsim_core.sim.dagger.config import RoundConfig
from xsim_core.sim.vision.domain import Domain, randomised_domain
from xsim_core.tracking.config import TrackerConfig

ReplayMode = Literal["resync", "actions"]


class LocateConfig(FrozenModel):
    """How the object is found in robot rollouts."""

    box_margin_px: int = Field(default=24, ge=0)
    """Around the mesh projected at the expected start pose; covers the start's randomisation."""
    tracker: TrackerConfig = TrackerConfig()
    """Settings of the tracker."""


class CameraFitConfig(FrozenModel):
    """How the camera's pose is refined."""

    gates_m: tuple[float, ...] = (0.05, 0.04, 0.03, 0.02, 0.015, 0.01, 0.01, 0.01, 0.01, 0.01)
    """Points further from the surface than this do not count; one value an iteration."""
    huber_m: float = Field(default=0.003, gt=0)
    """Residuals are weighted down beyond this."""
    pixel_stride: int = Field(default=2, ge=1)
    """Every how many pixels count, in each axis."""
    max_translation_m: float = Field(default=0.04, gt=0)
    """A camera found further away than this is not believed."""
    max_rotation_rad: float = Field(default=0.07, gt=0)
    """Nor one turned further."""


class GateConfig(FrozenModel):
    """When a simulated frame counts as showing the same scene as the real one."""

    object_position_m: float = Field(default=0.02, gt=0)
    """Largest distance between the tracked and the simulated object."""
    object_rotation_rad: float = Field(default=0.25, gt=0)
    """Largest angle between them."""
    tcp_position_m: float = Field(default=0.015, gt=0)
    """Largest distance between the measured and the simulated gripper."""
    min_track_score: float = Field(default=0.3, ge=0, le=1)
    """Frames tracked worse than this say nothing about the object's pose."""


class AlignConfig(FrozenModel):
    """The auxiliary loss on pairs."""

    weight: float = Field(default=0.0, ge=0)
    """Of the InfoNCE term beside the imitation loss; applied once. 0, the default, leaves it out:
    where it was measured it cost success (docs/calibration.md)."""
    temperature: float = Field(default=0.1, gt=0)
    """Of the cosine similarities."""
    directions: Literal["both", "real_to_sim"] = "both"
    """Whether simulated frames are contrasted with real ones too, or only the other way round."""
    batch_size: int = Field(default=32, ge=2)
    """Pairs a step."""
    duplicate_m: float = Field(default=0.012, ge=0)
    """Frames in which nothing moved further than this are not negatives of each other."""
    augment: AugmentConfig = AugmentConfig(shift_px=2, light=None)
    """Drawn independently for both images of a pair. Local light would hide what differs."""


class TeachConfig(FrozenModel):
    """The teacher's actions as labels of the robot's own images; see ``teach``."""

    weight: float = Field(default=1.0, gt=0)
    """Of the imitation loss on labelled pairs beside that on synthetic images."""
    batch_size: int = Field(default=32, ge=1)
    """Pairs a step."""
    images: Literal["real", "both"] = "real"
    """Whether the simulated frames of the pairs are imitated on too."""
    augment: AugmentConfig = AugmentConfig()
    """Drawn for each image, local light too: the next rollout is not lit as this one was."""


class DaggerConfig(RoundConfig):
    """How the student is sent out in simulation before it is fine-tuned; see ``sent_out``."""

    seed: int = Field(default=3_500_000, ge=0)
    """Of the first episode; apart from those of any other stage."""
    domain: Domain = randomised_domain()
    """Of the episodes: as randomised as the dataset."""


class HarmConfig(FrozenModel):
    """How a calibrated student is compared with the one it was made from; see ``harm``."""

    num_trials: int = Field(default=30, ge=1)
    """Seeds on which both are tried in simulation."""
    seed: int = Field(default=80_000, ge=0)
    """First of them; no other stage trains, calibrates or evaluates on these."""
    domain: Domain = randomised_domain()
    """Of the trials: as randomised as the dataset."""


X_SIM: Mapping[str, Any] = {
    "replay": "actions",
    "camera": None,
    "align": AlignConfig(temperature=1.0, directions="real_to_sim", weight=0.01, duplicate_m=0.0),
    "teach": None,
    "dagger": None,
    "do_no_harm": None,
}
"""X-Sim's own calibration, as its released code runs it: a weight of 0.1 is applied twice."""


class CalibrateConfig(StageConfig):
    """How the student is carried over to the robot's camera."""

    recipe: Literal["own", "x-sim"] = "own"
    """``x-sim`` sets ``replay``, ``camera``, ``align``, ``teach``, ``dagger`` and ``do_no_harm`` as
    X-Sim."""
    num_held_out: int = Field(default=2, ge=0)
    """Rollouts kept from training, the last ones, on which agreement before and after is measured.
    """
    frame_stride: int = Field(default=2, ge=1)
    """Every how many frames the object is tracked and a pair is made."""
    locate: LocateConfig = LocateConfig()
    """How the object is found in the rollouts."""
    camera: CameraFitConfig | None = CameraFitConfig()
    """How the robot's camera is refined before objects are tracked through it; None believes it."""
    replay: ReplayMode = "resync"
    """``actions`` replays a whole rollout from its tracked start, as X-Sim does; ``resync`` sets
    the replay to the tracked object again in every tracked frame."""
    gate: GateConfig = GateConfig()
    """Which pairs are trusted."""
    align: AlignConfig = AlignConfig()
    """The loss on pairs."""
    teach: TeachConfig | None = TeachConfig()
    """What the teacher would have done as labels of real images; None asks nobody, as in X-Sim."""
    dagger: DaggerConfig | None = DaggerConfig()
    """Sends the student out in simulation first, the teacher beside it, and learns from that too:
    one that was sent out in its training forgets it otherwise. None learns from the dataset and
    the rollouts alone."""
    optim: OptimConfig = OptimConfig(num_steps=600, learning_rate=3e-4, warmup_steps=50)
    """Fine-tuning."""
    augment: AugmentConfig = AugmentConfig()
    """Of synthetic images: the student's own, or it forgets what it learnt to overlook."""
    state_noise: float = Field(default=0.02, ge=0)
    """As in the student's own training."""
    seed: int = Field(default=0, ge=0)
    """Of batches and augmentation."""
    do_no_harm: HarmConfig | None = HarmConfig()
    """When the calibrated student takes the uncalibrated one's place; None: always, as in X-Sim."""

    @property
    def asks_teacher(self) -> bool:
        """Whether the stage needs the run's teacher."""
        return self.teach is not None or self.dagger is not None

    @model_validator(mode="before")
    @classmethod
    def _follow_the_recipe(cls, given: Any) -> Any:
        """What is recorded is what is done, so a recipe sets its fields, or refuses others."""
        if not isinstance(given, Mapping) or given.get("recipe") != "x-sim":
            return given
        for name, value in X_SIM.items():
            field = cls.model_fields[name]
            asked = given.get(name, field.default)
            known = [field.default, value]
            known += [v.model_dump() for v in known if isinstance(v, FrozenModel)]
            if asked not in known:
                raise ValueError(
                    f"recipe 'x-sim' sets {name} itself. Leave {name} out, or set recipe to 'own' "
                    "and each field as you want it."
                )
        return {**given, **X_SIM}
