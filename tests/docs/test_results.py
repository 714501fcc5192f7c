"""README and docs show what docs/figures holds: ``make results`` changes nothing."""

import re

import pytest

from tests.benchmarks.results.__main__ import pages, renewed
from tests.benchmarks.results.demo import costs, errors, runs, targets
from tests.benchmarks.results.keep import one_commit
from tests.benchmarks.results.tables import TABLES
from tests.benchmarks.results.trainings import (
    calibrated_minus_plain,
    other_minus_plain,
    over_trainings,
    over_units,
)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_page_shows_what_the_kept_figures_say(page):
    text = page.read_text()
    assert renewed(text) == text, "make results"


def test_every_table_that_can_be_made_is_shown():
    shown = re.findall(r"<!-- results: (.+?) -->", "".join(page.read_text() for page in pages()))
    assert set(shown) == set(TABLES)


def test_a_table_that_nobody_makes_is_an_error():
    with pytest.raises(KeyError, match="no such"):
        renewed("<!-- results: no such -->\n\n<!-- end of results -->")


def _run(successes, before, *, applied=True):
    """A run whose calibrated student succeeds ``successes`` times of 30, the other ``before``."""

    def rate(policy, domain, count, trials=30):
        said = {"policy": policy, "domain": domain, "successes": count, "trials": trials}
        return {**said, "low": 0.0, "high": 1.0}

    rates = [rate("teacher", "sim", 50, 50), rate("student", "sim", 20)]
    rates.append(rate("student", "real", before))
    figures = {"adds_auc": 92.9}
    if applied:
        rates.append(rate("calibrated", "real", successes))
        figures |= {"calibration_real_gained": 3.0, "calibration_real_lost": 1.0}
    summaries = {
        "splat": {"psnr_db": 26.0},
        "ppo": {"num_env_steps": 72_000},
        "calibrate": {"is_calibrated": applied},
        "evaluate": {"rates": rates, "figures": figures},
    }
    cost = {"duration_s": 61.0, "peak_memory_mb": 1500.0}
    stages = {name: {"summary": said, **cost} for name, said in summaries.items()}
    about = {"letter": "X", "room": "kitchen", "commit": "abc1234", "load": "idle cores"}
    return {**about, "stages": stages}


def test_what_misses_its_target_is_bold_and_what_was_not_done_is_said():
    table = targets([_run(12, 14), _run(15, 14), _run(0, 14, applied=False)])
    rows = {
        row.split(" | ")[0].removeprefix("| "): row.split(" | ")[2:] for row in table.split("\n")
    }
    assert rows["student (images) succeeds in simulation"][0] == "**20/30, 0.00–1.00**"
    there = rows["calibrated student there, on the same seeds"]
    assert there[0] == "**12/30, 0.00–1.00 (3 gained, 1 lost)**"
    assert there[1] == "15/30, 0.00–1.00 (3 gained, 1 lost)"
    assert there[2] == "not applied |"
    assert rows["tracking ADD-S AUC against truth"][0] == "**92.9**"
    assert rows["splat PSNR on photos never trained on"][0] == "26.0 dB"
    assert "| 4 min 04 s; 1.5 GB | 4 min 04 s" in table


def test_a_stage_that_a_run_did_not_have_has_no_time():
    older = _run(1, 1)
    del older["stages"]["calibrate"]
    assert "| `calibrate` | 61 s | – | 1.5 GB |" in costs([_run(1, 1), older])


def test_runs_are_told_newest_first_and_by_room():
    letters = [run["letter"] for run in runs()]
    assert letters == sorted(letters, reverse=True)
    assert {run["room"] for run in runs(room="kitchen")} == {"kitchen"}
    assert errors(runs()).count("mm") > 0


def test_stages_of_several_commits_are_told_apart():
    assert one_commit({"scan": "a" * 40, "splat": "a" * 40}) == "aaaaaaa"
    told = one_commit({"scan": "a" * 40, "splat": "a" * 40, "ppo": "b" * 40})
    assert told == "aaaaaaa from scan on, bbbbbbb from ppo on"


def _trained(student, calibrated=None):
    """One whole training: in each domain the same outcomes, over two worlds where there are two."""
    kept = {"student": student, "calibrated": calibrated}
    outcomes = {}
    for policy, success in kept.items():
        if success is not None:
            outcomes |= {f"{policy}_sim": success, f"{policy}_real": success}
            outcomes[f"{policy}_worlds"] = [success[:2], success[2:]]
    return {"letter": "X", "outcomes": outcomes}


def test_trainings_are_told_one_by_one_and_together():
    kept = [_trained([1, 0, 0, 0], [1, 1, 1, 0]), _trained([1, 1, 0, 0])]
    rows = [row.split(" | ") for row in over_trainings(kept).splitlines()]
    assert rows[2][1:4] == ["1/4", "2/4", "0.38"]
    # What was not applied leaves the student as it is.
    assert rows[3][1:4] == ["3/4", "2/4", "0.62"]
    assert rows[6][0] == "| student, 20 drawn worlds, two trials each"


def test_what_calibration_changes_is_told_with_both_intervals():
    kept = [_trained([1, 0, 0, 0], [1, 1, 1, 0]), _trained([1, 1, 0, 0], [0, 1, 0, 0])]
    lines = calibrated_minus_plain(kept).splitlines()
    assert lines[0].startswith("- **simulation**: +0.12 (2 gained, 1 lost; McNemar p = 1.000;")
    assert "over worlds" in lines[2]
    others = [_trained([1, 1, 1, 0]), _trained([0, 1, 0, 0])]
    told = other_minus_plain(kept, others).splitlines()
    assert told[1].startswith("- **the world to deploy into**: +0.12 (2 gained, 1 lost;")
    low, high = over_units([0.5, -0.25])
    # Student's quantile for one degree of freedom is 12.706, the standard error 0.375.
    assert (low, high) == pytest.approx((0.125 - 12.706 * 0.375, 0.125 + 12.706 * 0.375), abs=1e-3)
