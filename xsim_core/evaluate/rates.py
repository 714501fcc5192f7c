"""Success rates with intervals, paired comparisons, and their picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.errors import BadInputError
from xsim_core.pictures import figure_bytes
from xsim_core.policies.nested import nested_difference, nested_interval, sign_flip_exact
from xsim_core.policies.statistics import mcnemar_exact, wilson_interval


@dataclass(frozen=True)
class Trials:
    """One policy in one domain over the paired seeds."""

    policy: str
    domain: str
    success: NDArray[np.bool_]
    """(n,) one a seed; (w, t) in worlds."""
    progress: NDArray[np.float32]
    """(n,) or (w, t) in [0, 1]."""
    films: list[NDArray[np.uint8]]
    """Frames (t_i, h, w, 3) of the first few seeds."""

    @property
    def name(self) -> str:
        """``policy_domain``, as arrays are called."""
        return f"{self.policy}_{self.domain}"

    def rate(self) -> SuccessRate:
        """The summary of these trials."""
        successes, trials = int(self.success.sum()), self.success.size
        is_nested = self.success.ndim == 2
        interval = nested_interval(self.success) if is_nested else None
        low, high = interval or wilson_interval(successes, trials)
        return SuccessRate(
            policy=self.policy,
            domain=self.domain,
            successes=successes,
            trials=trials,
            low=low,
            high=high,
            progress=float(self.progress.mean()),
        )


def comparison(before: Trials, after: Trials) -> dict[str, float]:
    """Paired comparison of two policies on the same seeds.

    Returns:
        Seeds gained and lost by ``after``, the exact two-sided McNemar p-value, the difference in
        success and the mean difference in staged progress. In worlds, which are the units there,
        the exact sign-flip p-value and a 95 % interval of the difference.

    Raises:
        BadInputError: when the trials were run on different numbers of seeds.
    """
    if before.success.shape != after.success.shape:
        raise BadInputError(
            f"{before.name} has {before.success.size} trials and {after.name} "
            f"{after.success.size}: they are not paired"
        )
    if before.success.ndim == 2:
        low, high = nested_difference(before.success, after.success)
        tested = {
            "sign_flip_p": sign_flip_exact(before.success, after.success),
            "success_difference_low": low,
            "success_difference_high": high,
        }
    else:
        tested = {"mcnemar_p": mcnemar_exact(before.success, after.success)}
    return tested | {
        "gained": float((after.success & ~before.success).sum()),
        "lost": float((before.success & ~after.success).sum()),
        "success_difference": float(after.success.mean() - before.success.mean()),
        "progress_difference": float((after.progress - before.progress).mean()),
    }


def rate_figures(rates: Sequence[SuccessRate]) -> dict[str, float]:
    """Success and progress by ``<policy>_<domain>`` for the summary's figures."""
    figures = {}
    for r in rates:
        figures[f"{r.policy}_{r.domain}_success"] = r.successes / max(1, r.trials)
        figures[f"{r.policy}_{r.domain}_progress"] = r.progress
    return figures


COLOURS: Mapping[str, str] = {
    "teacher": "tab:gray", "student": "tab:blue", "calibrated": "tab:green",
    "current": "tab:blue", "candidate": "tab:green",
}  # fmt: skip


def rate_plot(rates: Sequence[SuccessRate]) -> bytes:
    """Bars of success with 95 % Wilson intervals and a mark at the staged progress, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 1.1 * len(rates), 3.4))
    axes = figure.subplots()
    for x, r in enumerate(rates):
        rate = r.successes / max(1, r.trials)
        axes.bar(x, rate, color=COLOURS.get(r.policy, "tab:orange"), width=0.7, alpha=0.85)
        error = [[max(0.0, rate - r.low)], [max(0.0, r.high - rate)]]
        axes.errorbar(x, rate, yerr=error, color="black", capsize=5, lw=1.3)
        axes.plot(x, r.progress, "D", color="white", mec="black", ms=6)
        axes.text(x, 0.03, f"{r.successes}/{r.trials}", ha="center", fontsize=8)
    axes.set(ylim=(0, 1.05), ylabel="success (bars), progress (diamonds)")
    axes.set_xticks(range(len(rates)), [f"{r.policy}\n{r.domain}" for r in rates], fontsize=8)
    axes.grid(visible=True, axis="y", alpha=0.3)
    return figure_bytes(figure)
