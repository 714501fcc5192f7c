"""A row of what a robot did: rollouts that came home, judged by whoever stood beside it."""

import numpy as np

from xsim_core.artifacts import RealRollouts
from xsim_core.storage import OpenArtifact

from .rates import Trials

DOMAIN = "robot"
PROGRESS = (
    "of rollouts on a robot staged progress was not measured: it is 1 where an attempt succeeded "
    "and 0 where it did not; their starts are not those of the other rows"
)
NOBODY_SAID = "nobody said which rollouts on the robot succeeded: they have no row"


def robot_row(
    policy: str, rollouts: OpenArtifact[RealRollouts]
) -> tuple[Trials | None, tuple[str, ...]]:
    """The attempts whose outcome is known, and what is to be said of them.

    Args:
        policy: as the row calls it.
        rollouts: of this policy; a note of theirs says where they are another's.
    """
    if "outcome" not in rollouts.array_names:
        return None, (NOBODY_SAID,)
    outcome = rollouts.array("outcome")
    known = outcome >= 0
    if not known.any():
        return None, (NOBODY_SAID,)
    won = outcome[known] == 1
    row = Trials(policy, DOMAIN, won, won.astype(np.float32), [])
    unknown = int((~known).sum())
    left_out = (f"{unknown} rollouts on the robot ended unseen and are left out",)
    told = tuple(f"rollouts on the robot: {note}" for note in rollouts.summary.notes)
    return row, (PROGRESS, *(left_out if unknown else ()), *told)
