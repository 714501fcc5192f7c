"""The pipeline as Prefect tasks, on a real server."""

import json

import pytest

from xsim_core.runs import list_runs
from xsim_core.stages import STAGES
from xsim_core.storage import ArtifactStore

NAMES = [s.name for s in STAGES]


@pytest.fixture(scope="module")
def toy_runs(prefect_home):
    """The same flow four times: ended by Ctrl-C, bad input, a connection lost twice, and reused."""
    from .conftest import run_python

    runs = {}
    for name, arguments in (
        ("ended", ["ingest_truth=interrupt"]),
        ("bad", ["scan=bad"]),
        ("lost", ["splat=lost"]),
        ("reused", ["splat=aged"]),
    ):
        done = run_python(prefect_home, "-m", "tests.flows.scripts.toy_flow", *arguments)
        assert done.returncode == 0, done.stderr[-3000:]
        runs[name] = (json.loads(done.stdout), done.stderr)
    return runs


def test_bad_input_is_not_retried_and_keeps_what_was_finished(toy_runs):
    run, _ = toy_runs["bad"]
    assert run["attempts"]["scan"] == 1
    assert run["tasks"]["scan"] == "Failed"
    assert run["error"] == "the toy is broken. Mend it."
    assert run["record"]["state"] == "failed"
    assert list(run["record"]["stages"]) == ["ingest_capture", "ingest_truth", "ingest_world"]


def test_a_lost_connection_is_retried_until_it_heals(toy_runs):
    run, _ = toy_runs["lost"]
    assert run["attempts"]["splat"] == 3
    assert run["record"]["state"] == "completed"
    assert list(run["record"]["stages"]) == NAMES


def test_finished_stages_of_a_failed_run_are_reused(toy_runs):
    run, _ = toy_runs["lost"]
    assert run["tasks"]["ingest_capture"] == "Reused"
    assert run["tasks"]["scan"] == "Completed"


def test_a_second_run_shows_every_stage_as_reused(toy_runs):
    run, terminal = toy_runs["reused"]
    assert set(run["tasks"].values()) == {"Reused"}
    assert terminal.count("reused") == len(NAMES)


def test_the_ui_calls_a_run_as_status_does_and_says_how_it_ended(toy_runs):
    told = {name: (run["shown"], run["record"]["state"]) for name, (run, _) in toy_runs.items()}
    assert {shown[0] for shown, _ in told.values()} == {"toy"}, "and not toy-run"
    assert [(shown[1], state) for shown, state in told.values()] == [
        ("Crashed", "interrupted"),
        ("Failed", "failed"),
        ("Completed", "completed"),
        ("Completed", "completed"),
    ]
    assert "interrupt signal" in told["ended"][0][2]
    assert "the toy is broken. Mend it." in told["bad"][0][2]


def test_the_ui_says_what_other_code_made(toy_runs):
    run, terminal = toy_runs["reused"]
    said = "made by other code (commit abc1234)"
    assert run["tasks"]["splat"] == "Reused"
    assert run["messages"]["splat"].endswith(f"was in the store, {said}.")
    assert [name for name, text in run["messages"].items() if said in text] == ["splat"]
    assert f"reused from the store, {said}" in run["markdown"]["splat"]
    assert f"reused, {said}" in terminal


def test_each_stage_has_a_page_with_figures_and_a_picture(toy_runs):
    run, _ = toy_runs["lost"]
    assert set(run["markdown"]) >= {n.replace("_", "-") for n in NAMES}
    page = run["markdown"]["splat"]
    assert "| psnr_db | 27.5 |" in page
    assert "data:image/jpeg;base64," in page
    assert "made in this run" in page


def test_the_report_lies_beside_the_store(toy_runs, prefect_home):
    report = prefect_home / "reports" / "toy.html"
    assert report.read_text().startswith("<!-- xsim-report ")
    assert "toy" in list_runs(ArtifactStore((prefect_home / "store").as_uri()))
