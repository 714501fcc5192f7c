"""Whether a calibrated student may take the place of the one that it was made from.

Calibration aligns features; that a policy succeeds more often, or as often, does not follow. So the
two are tried on the same episodes in simulation, and what they would do is compared on rollouts
that were held out from training. Nobody knows there whether a rollout succeeded, nor which action
was right; but the simulated frame of a pair shows the same scene as the real one, and there the
student is at home. A calibration that brings its actions on real frames no nearer to those is none.
Where the teacher was asked, what it would do from there is the better yardstick, and is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.policies import Student
from xsim_core.policies.misses import mean_actions, teacher_miss
from xsim_core.policies.statistics import mcnemar_exact

from .pairs import Pairs

MIN_PAIRS = 10
"""Fewer frames say nothing about retrieval, nor about actions."""

Outcomes = Callable[[Student], NDArray[np.bool_]]
"""Success (n,) of a student in simulation on seeds that are the same at every call."""


@dataclass(frozen=True)
class Verdict:
    """What was compared, and what speaks against the calibrated student."""

    objections: tuple[str, ...]
    """A sentence each; none where it does no harm."""
    figures: dict[str, float]


def judge(before: Student, after: Student, held_out: Pairs, outcomes: Outcomes) -> Verdict:
    """Compare a student with the one calibrated from it.

    Args:
        before: as it was trained in simulation.
        after: calibrated.
        held_out: trusted pairs of rollouts that were not trained on.
        outcomes: tries a student in simulation.
    """
    objection, figures = in_simulation(outcomes(before), outcomes(after))
    unlike, more = on_held_out(before, after, held_out)
    return Verdict(tuple(o for o in (objection, unlike) if o), figures | more)


def in_simulation(
    before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> tuple[str | None, dict[str, float]]:
    """An objection where more seeds were lost than gained, and the figures; outcomes (n,) each."""
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    figures = {
        "kept_trials": float(len(before)),
        "kept_gained": float(gained),
        "kept_lost": float(lost),
        "kept_mcnemar_p": mcnemar_exact(before, after),
    }
    objection = (
        f"in simulation it succeeds {int(after.sum())} of {len(after)} times instead of "
        f"{int(before.sum())} ({gained} gained, {lost} lost)"
    )
    return (objection if lost > gained else None), figures


def on_held_out(
    before: Student, after: Student, pairs: Pairs
) -> tuple[str | None, dict[str, float]]:
    """An objection where actions on real frames are further from what is right, and the figures.

    What is right is what the teacher would do from there, where it was asked; else what the student
    itself did on the simulated frames, before.
    """
    if len(pairs) < MIN_PAIRS:
        few = (
            f"rollouts held out from training have {len(pairs)} trusted pairs, of which at least "
            f"{MIN_PAIRS} are needed to judge it (num_held_out, gate)"
        )
        return few, {}
    if pairs.is_taught:
        name, what = "teacher_error", "those of the teacher"
        distance = [teacher_error(s, pairs) for s in (before, after)]
    else:
        name, what = "action_gap", "those on their simulated counterparts"
        home = mean_actions(before, pairs.sim, pairs.state)
        acted = [mean_actions(s, pairs.real, pairs.state) for s in (before, after)]
        distance = [float(np.linalg.norm(a - home, axis=-1).mean()) for a in acted]
    figures = {f"{name}_before": distance[0], f"{name}_after": distance[1]}
    objection = (
        f"on {len(pairs)} real frames of held-out rollouts its actions are further from {what} "
        f"({distance[1]:.3f}) than before ({distance[0]:.3f})"
    )
    return (objection if distance[1] > distance[0] else None), figures


def teacher_error(student: Student, pairs: Pairs) -> float:
    """Mean distance, on real frames, of the actions carried out to what the teacher would do."""
    return teacher_miss(student, pairs.real, pairs.state, pairs.action, pairs.mask)
