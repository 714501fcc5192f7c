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

COMPARED = {
    "real": ("world to deploy into", "McNemar", "calibration_real_mcnemar_p"),
    "worlds": ("drawn worlds", "sign-flip", "calibration_worlds_sign_flip_p"),
}
"""Where the calibrated student is held against the other: in words, by which test, its figure."""


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
    tried = {"real", *(rate.domain for rate in rates)}
    compared = [
        _calibration(evaluation, domain, summaries.get("calibrate"))
        for domain in COMPARED
        if domain in tried
    ]
    return [
        _success("teacher succeeds in simulation", find_rate(rates, "teacher", "sim"),
                 TEACHER_SUCCESS),
        _success("student succeeds in simulation", find_rate(rates, "student", "sim"),
                 STUDENT_SIM_SUCCESS),
        *compared,
        _at_least("ADD-S AUC of the object track", figures.get("adds_auc"), ADDS_AUC, "{:.1f}"),
        _at_least("PSNR of the splat on held-out photos", psnr, PSNR_DB, "{:.1f} dB"),
    ]  # fmt: skip


def find_rate(rates: tuple[SuccessRate, ...], policy: str, domain: str) -> SuccessRate | None:
    """The rate of a policy in simulation, in the world to deploy into or in drawn worlds."""
    for rate in rates:
        if rate.policy == policy and rate.domain == domain:
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


def _calibration(evaluation: Artifact | None, domain: str, made: Artifact | None) -> Target:
    where, test, figure = COMPARED[domain]
    rates = evaluation.rates if isinstance(evaluation, Evaluation) else ()
    figures = evaluation.figures if isinstance(evaluation, Evaluation) else {}
    before = find_rate(rates, "student", domain)
    after = find_rate(rates, "calibrated", domain)
    what, wanted = f"calibrated against uncalibrated, {where}", "not worse"
    if after is None and isinstance(made, StudentPolicy) and not made.is_calibrated:
        stays = "calibration not applied, the uncalibrated student stays"
        return Target(what=what, wanted=wanted, measured=stays, verdict="met")
    if before is None or after is None:
        return Target(what=what, wanted=wanted, measured="–", verdict="unknown")
    is_met = after.successes * before.trials >= before.successes * after.trials
    measured = f"{_rate_text(after)} against {_rate_text(before)}"
    if (p := figures.get(figure)) is not None:  # Not worse is soon met; whether better, p says.
        measured += f"; {test} p = {p:.2f}"
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
