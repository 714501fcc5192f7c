from tests.flows.toys import SUMMARIES
from xsim_core.artifacts import Evaluation, SplatScene, StudentPolicy
from xsim_core.artifacts.kinds import SuccessRate
from xsim_core.report.targets import check_targets


def rate(policy, domain, successes, trials=20):
    return SuccessRate(
        policy=policy,
        domain=domain,
        successes=successes,
        trials=trials,
        low=0.1,
        high=0.9,
        progress=0.5,
    )


def verdicts(rates, **figures):
    splat = SplatScene(**{**SUMMARIES[SplatScene], "psnr_db": figures.pop("psnr", 27.0)})
    evaluation = Evaluation(task="t", rates=rates, figures=figures)
    return [t.verdict for t in check_targets({"evaluate": evaluation, "splat": splat})]


def test_targets_are_met_at_their_thresholds():
    rates = (
        rate("teacher", "sim", 18), rate("student", "sim", 14), rate("student", "real", 9),
        rate("calibrated", "real", 9),
    )  # fmt: skip
    assert verdicts(rates, adds_auc=93.0, psnr=26.0) == ["met"] * 5


def test_targets_below_their_thresholds_are_missed():
    rates = (
        rate("teacher", "sim", 17), rate("student", "sim", 13), rate("student", "real", 9),
        rate("calibrated", "real", 8),
    )  # fmt: skip
    assert verdicts(rates, adds_auc=92.9, psnr=25.9) == ["missed"] * 5


def test_what_was_not_measured_is_unknown():
    assert {t.verdict for t in check_targets({})} == {"unknown"}


def test_calibration_says_how_likely_chance_is():
    rates = rate("student", "real", 9), rate("calibrated", "real", 12)
    figures = {"calibration_real_mcnemar_p": 0.375}
    evaluation = Evaluation(task="t", rates=rates, figures=figures)
    (target,) = (t for t in check_targets({"evaluate": evaluation}) if "calibrated" in t.what)
    assert target.measured.endswith("McNemar p = 0.38")


def test_a_calibration_that_was_not_applied_is_said_to_be():
    evaluation = Evaluation(task="t", rates=(rate("student", "real", 9),), figures={})
    stays = StudentPolicy(**{**SUMMARIES[StudentPolicy], "is_calibrated": False})
    found = check_targets({"evaluate": evaluation, "calibrate": stays})
    (target,) = (t for t in found if "calibrated" in t.what)
    assert (target.verdict, "not applied" in target.measured) == ("met", True)
    calibrated = stays.model_copy(update={"is_calibrated": True})
    found = check_targets({"evaluate": evaluation, "calibrate": calibrated})
    assert next(t for t in found if "calibrated" in t.what).verdict == "unknown"


def test_drawn_worlds_are_a_row_of_their_own_where_there_were_any():
    there = rate("student", "real", 9), rate("calibrated", "real", 12)
    worlds = rate("student", "worlds", 15), rate("calibrated", "worlds", 14)
    figures = {"calibration_worlds_sign_flip_p": 0.75}
    evaluation = Evaluation(task="t", rates=there + worlds, figures=figures)
    found = [t for t in check_targets({"evaluate": evaluation}) if "calibrated" in t.what]
    assert [t.verdict for t in found] == ["met", "missed"]
    assert found[1].what.endswith("drawn worlds")
    assert found[1].measured.endswith("sign-flip p = 0.75")
