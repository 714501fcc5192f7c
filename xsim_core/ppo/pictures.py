"""What a person wants to see of a training: learning curves, and where the object went."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import quat_wxyz_to_matrix
from xsim_core.pictures import figure_bytes
from xsim_core.sim import Outcomes, SimAssets
from xsim_core.sim.episode.state import EnvState


def learning_curve_png(curve: dict[str, NDArray[Any]], *, threshold: float) -> bytes:
    """Success and return over environment steps, and the reward's terms."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    k = curve["env_steps"] / 1000
    left.plot(k, curve["train_success"], lw=1, label="training, sampled actions")
    done = ~np.isnan(curve["eval_success"])
    left.plot(k[done], curve["eval_success"][done], "o-", ms=3, label="evaluation, mean actions")
    left.axhline(threshold, color="grey", ls=":", lw=1)
    left.set(xlabel="environment steps / 1000", ylabel="success rate", ylim=(-0.02, 1.02))
    left.legend(loc="upper left", fontsize=8)
    for name in sorted(n for n in curve if n.startswith("term_")):
        right.plot(k, curve[name], lw=1, label=name[5:])
    right.set(xlabel="environment steps / 1000", ylabel="mean reward term a step")
    right.legend(fontsize=7)
    return figure_bytes(figure, is_tight=False)


def paths_png(assets: SimAssets, outcomes: Outcomes, *, limit: int = 40) -> bytes:
    """Top view: paths of the object's centre, the waypoints, and the hand's way where it failed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 5.2), layout="constrained")
    axes = figure.subplots()
    centre = np.array(assets.object_centre)
    for states, success in list(zip(outcomes.env_states, outcomes.success, strict=True))[:limit]:
        state = EnvState.unpack(states)
        path = quat_wxyz_to_matrix(state.quat_wxyz) @ centre + state.position
        colour = "tab:green" if success else "tab:red"
        axes.plot(path[:, 0], path[:, 1], color=colour, lw=0.8, alpha=0.6)
        axes.plot(*path[-1, :2], ".", color=colour, ms=5)
    goals = assets.waypoints[:, :3, :3] @ centre + assets.waypoints[:, :3, 3]
    axes.plot(goals[:, 0], goals[:, 1], "k^--", ms=6, lw=0.8, label="waypoints from the video")
    axes.set(xlabel="x / m", ylabel="y / m", aspect="equal")
    axes.set_title(
        f"{int(outcomes.success.sum())} of {len(outcomes.success)} reach the goal", fontsize=10
    )
    axes.legend(fontsize=8)
    return figure_bytes(figure, is_tight=False)
