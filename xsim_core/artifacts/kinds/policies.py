"""Policies that were trained: their weights, and what they did in training."""

from typing import Any, ClassVar

from pydantic import Field

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S


class TeacherPolicy(Artifact):
    """A privileged-state policy: an MLP's weights and the observation normaliser."""

    kind: ClassVar[str] = "teacher_policy"
    arrays: ClassVar[tuple[S, ...]] = (
        S("weights/*", "float32", "...", "actor, critic and standard deviation"),
        S("obs_mean", "float32", "o", "of the observations in training"),
        S("obs_var", "float32", "o", "of the observations in training"),
        S("curve/*", "float", "i", "learning curves, one value an iteration"),
    )
    task: str
    num_env_steps: int
    success_rate: float
    """Deterministic policy on evaluation seeds that training never saw."""
    num_eval_episodes: int
    reached_threshold: bool


class StudentPolicy(Artifact):
    """An image-conditioned diffusion policy: network weights (EMA) and normaliser."""

    kind: ClassVar[str] = "student_policy"
    arrays: ClassVar[tuple[S, ...]] = (
        S("weights/*", "float32", "...", "of the network, by name"),
        S("normalizer/*", "float32", "...", "ranges of state and action"),
        S("curve/*", "float", "...", "training curves"),
        S(
            "pairs/*",
            "any",
            "...",
            "trusted pairs of all calibrations so far, from which the next one goes on",
            optional=True,
        ),
    )
    task: str
    is_calibrated: bool
    architecture: dict[str, Any]
    """The ``StudentArchitecture`` fields that rebuild the network."""
    num_train_steps: int
    final_loss: float
    figures: dict[str, float] = Field(default_factory=dict)
    """Further key figures of the stage, for people."""
    notes: tuple[str, ...] = ()
    """What people should know of it, such as why a calibration was not applied."""
