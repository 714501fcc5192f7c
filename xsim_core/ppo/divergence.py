"""A training that became NaN ends at once and leaves its state, instead of a ruined teacher."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.errors import TrainingDivergedError
from xsim_core.policies.teacher import ActorCritic, RunningNormaliser
from xsim_core.scratch import write_arrays

from .update import Rollout

DUMP = "diverged.npz"


def check_finite(
    rollout: Rollout,
    figures: Mapping[str, float],
    net: ActorCritic,
    normaliser: RunningNormaliser,
    *,
    iteration: int,
    folder: Path,
) -> None:
    """Stop where the rollout or the update after it holds what is no number.

    Args:
        rollout: of this iteration.
        figures: losses and divergence of its update.
        net: after it.
        normaliser: of its observations.
        iteration: its number.
        folder: where the state is dumped: rollout, weights and normaliser, as ``diverged.npz``.

    Raises:
        TrainingDivergedError: says what was no number first, and where.
    """
    losses = [
        name for name in ("policy_loss", "value_loss", "kl") if not np.isfinite(figures[name])
    ]
    arrays: dict[str, Any] = {f"rollout/{name}": value for name, value in vars(rollout).items()}
    found = {name: ~np.isfinite(a) for name, a in arrays.items() if a.dtype.kind == "f"}
    ruined = {name: np.argwhere(bad)[0] for name, bad in found.items() if bad.any()}
    if not losses and not ruined:
        return
    if ruined:
        # What came first in time made the others so.
        name = min(ruined, key=lambda name: int(ruined[name][0]))
        step, env = ruined[name][:2]
        what = f"{name.partition('/')[2]} of environment {env} at step {step}"
        mend = "Look at what the simulator did there; task.sim_freq_hz raised steps it finer."
    else:
        what, mend = losses[0], "Lower ppo.learning_rate or ppo.max_grad_norm."
    arrays |= {f"net/{name}": value.cpu().numpy() for name, value in net.state_dict().items()}
    arrays |= {"mean": normaliser.mean, "var": normaliser.var}
    write_arrays(folder / DUMP, arrays)
    raise TrainingDivergedError(
        f"the teacher's training became NaN or infinite in iteration {iteration}: {what}. Rollout "
        f"and weights are in {folder / DUMP}. {mend}"
    )
