"""What the project promises, and whether this run kept it."""

from collections.abc import Mapping
from typing import Any, Literal

from xsim_core.artifacts import Artifact, Evaluation, SplatScene, StudentPolicy
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.config import FrozenModel

TEACHER_SUCCESS = 0.90
STUDENT_SIM_SUCCESS = 0.70
ADDS_AUC = 93.0
PSNR_DB = 26.0


class Target(FrozenModel):
    """One promise and what was measured."""

    what: str
    wanted: str
    measured: str
    verdict: Literal["met", "missed", "unknown"]


def check_targets(summaries: Mapping[str, Artifact]) -> list[Target]:
    """Compare a run's summaries (stage → summary) with the targets."""
    evaluation = summaries.get("evaluate")
    rates = evaluation.rates if isinstance(evaluation, Evaluation) else ()
    figures = evaluation.figures if isinstance(evaluation, Evaluation) else {}
    splat = summaries.get("splat")
    # Of one viewpoint nothing is held out that would tell.
    tells = isinstance(splat, SplatScene) and not splat.is_one_viewpoint
    psnr = splat.psnr_db if isinstance(splat, SplatScene) and tells else None
    return [
        _success("teacher succeeds in simulation", find_rate(rates, "teacher", real=False),
                 TEACHER_SUCCESS),
        _success("student succeeds in simulation", find_rate(rates, "student", real=False),
                 STUDENT_SIM_SUCCESS),
        _calibration(
            rates, figures.get("calibration_real_mcnemar_p"), summaries.get("calibrate")
        ),
        _at_least("ADD-S AUC of the object track", figures.get("adds_auc"), ADDS_AUC, "{:.1f}"),
        _at_least("PSNR of the splat on held-out photos", psnr, PSNR_DB, "{:.1f} dB"),
    ]  # fmt: skip


def find_rate(rates: tuple[SuccessRate, ...], policy: str, *, real: bool) -> SuccessRate | None:
    """The rate of a policy in simulation or in the real world."""
    for rate in rates:
        if rate.policy == policy and rate.domain == ("real" if real else "sim"):
            return rate
    return None


def _success(what: str, rate: SuccessRate | None, wanted: float) -> Target:
    if rate is None:
        return Target(what=what, wanted=f"≥ {wanted:.2f}", measured="–", verdict="unknown")
    share = rate.successes / max(1, rate.trials)
    return Target(
        what=what,
        wanted=f"≥ {wanted:.2f}",
        measured=_rate_text(rate),
        verdict="met" if share >= wanted else "missed",
    )


def _calibration(
    rates: tuple[SuccessRate, ...], mcnemar_p: float | None, made: Artifact | None
) -> Target:
    before = find_rate(rates, "student", real=True)
    after = find_rate(rates, "calibrated", real=True)
    what, wanted = "calibrated against uncalibrated, world to deploy into", "not worse"
    if after is None and isinstance(made, StudentPolicy) and not made.is_calibrated:
        stays = "calibration not applied, the uncalibrated student stays"
        return Target(what=what, wanted=wanted, measured=stays, verdict="met")
    if before is None or after is None:
        return Target(what=what, wanted=wanted, measured="–", verdict="unknown")
    is_met = after.successes * before.trials >= before.successes * after.trials
    measured = f"{_rate_text(after)} against {_rate_text(before)}"
    if mcnemar_p is not None:  # Not worse is soon met; whether it is better, p says.
        measured += f"; McNemar p = {mcnemar_p:.2f}"
    return Target(
        what=what, wanted=wanted, measured=measured, verdict="met" if is_met else "missed"
    )


def _at_least(what: str, value: Any, wanted: float, form: str) -> Target:
    if value is None:
        return Target(what=what, wanted="≥ " + form.format(wanted), measured="–", verdict="unknown")
    return Target(
        what=what,
        wanted="≥ " + form.format(wanted),
        measured=form.format(value),
        verdict="met" if value >= wanted else "missed",
    )


def _rate_text(rate: SuccessRate) -> str:
    share = rate.successes / max(1, rate.trials)
    return f"{share:.2f} ({rate.successes}/{rate.trials}, {rate.low:.2f}–{rate.high:.2f})"
