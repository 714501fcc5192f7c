"""What one control step of ``SimEnv`` led to, and how far the task is."""

import math
from dataclasses import dataclass, field

from xsim_core.geometry.arrays import Observation, Vector3
from xsim_core.sim.reward import Situation
from xsim_core.sim.task import TaskSpec


@dataclass(frozen=True)
class StepResult:
    """What one control step led to."""

    obs: Observation
    """(o,) privileged observation."""
    reward: float
    terminated: bool
    """The object is at its goal now."""
    truncated: bool
    """The horizon is reached."""
    success: bool
    progress: float
    """Best so far in this episode: 1/3 approached, 2/3 contact or grasp, 1 success."""
    terms: dict[str, float] = field(default_factory=dict)
    """Weighted reward terms before ``reward_scale``."""


def staged_progress(
    now: Situation, start_centre: Vector3, task: TaskSpec, *, is_success: bool
) -> float:
    """How far the task is: 1/3 approached, 2/3 contact or grasp, 1 success; 0 before.

    Args:
        now: where everything is.
        start_centre: (3,) the object's centre at the episode's start, world, metres.
        task: what counts as near, and as contact.
        is_success: whether the object is at its goal.
    """
    if is_success:
        return 1.0
    moved = now.centre - start_centre
    touched = math.sqrt(float(moved @ moved)) > task.contact_motion_m
    if now.is_grasped if task.must_grasp else touched:
        return 2 / 3
    away = now.tcp - now.centre
    return 1 / 3 if math.sqrt(float(away @ away)) < task.approach_radius_m else 0.0
