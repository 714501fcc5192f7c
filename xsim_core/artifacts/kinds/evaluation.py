"""Trials of policies: how many succeeded."""

from typing import ClassVar

from xsim_core.artifacts.base import Artifact
from xsim_core.artifacts.schema import ArraySpec as S
from xsim_core.config import FrozenModel


class SuccessRate(FrozenModel):
    """Successes out of trials with a 95 % interval: Wilson's; over worlds ``nested_interval``'s."""

    policy: str
    domain: str
    successes: int
    trials: int
    low: float
    high: float
    progress: float
    """Mean staged task progress in [0, 1]: approach, contact or grasp, complete; a third each."""


class Evaluation(Artifact):
    """Success, progress and errors against truth, with their uncertainty."""

    kind: ClassVar[str] = "evaluation"
    arrays: ClassVar[tuple[S, ...]] = (
        S(
            "success/*",
            "bool",
            "...",
            "per seed, one array a policy and domain; (w, t) over worlds",
        ),
        S("progress/*", "float32", "...", "per seed, in [0, 1]"),
        S("error/*", "float", "...", "per-frame errors against ground truth", optional=True),
    )
    task: str
    rates: tuple[SuccessRate, ...]
    figures: dict[str, float]
    """Errors against truth: ``add_auc``, ``adds_auc``, ``alignment_mm``, ``alignment_deg`` …"""
    notes: tuple[str, ...] = ()
    """What people should know of it, such as what a test between two policies says."""


class GapRung(Artifact):
    """Trials of a student where some things are as in simulation and others as in the world."""

    kind: ClassVar[str] = "gap_rung"
    arrays: ClassVar[tuple[S, ...]] = (
        S("success", "bool", "w t", "per world and seed; one world where none are drawn"),
        S("progress", "float32", "w t", "per world and seed, in [0, 1]"),
    )
    task: str
    factors: tuple[str, ...]
    """What is as in the world; all else is as in simulation."""
    successes: int
    trials: int
    num_worlds: int
    """Drawn worlds; 0 for the world to deploy into."""
