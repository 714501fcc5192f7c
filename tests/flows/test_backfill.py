"""Backfills submitted again to a real server, and what they leave out."""

import json

import pytest

from flows.candidate import finished_captures, reconstruction_of
from flows.prefect_server.backfill import plan_backfill
from tests.flows.toys import make_toy_run
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord, RunRequest, save_record


@pytest.fixture(scope="module")
def said(prefect_home):
    from .conftest import run_python

    done = run_python(prefect_home, "-m", "tests.flows.backfill_again")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_submitted_again_a_run_that_waits_or_is_done_is_found(said):
    assert len(set(said["waiting"])) == 1
    assert len(set(said["done"])) == 1
    assert said["done"][0] == said["after"]["Cancelled"][0]


def test_one_that_failed_crashed_or_was_cancelled_is_started_again_once(said):
    tries = [said["waiting"][0], *(runs[0] for runs in said["after"].values())]
    assert len(set(tries)) == 4
    assert all(first == second for first, second in said["after"].values())


def test_every_try_has_the_same_parameters_and_another_seed_is_another_run(said):
    assert said["other"] not in said["runs"]
    assert {json.dumps(p, sort_keys=True) for p in said["runs"].values()} == {
        json.dumps({
            "capture": "kitchen", "name": "kitchen-ppo-7",
            "overrides": {"ppo": {"seed": 7}}, "preset": "debug", "task": None,
        })
    }  # fmt: skip


def test_a_night_is_not_taken_for_the_run_of_a_capture(tmp_path):
    store, refs = make_toy_run(tmp_path)
    asked = RunRequest(capture="kitchen", preset="full")
    day = RunRecord(name="day", request=asked, stages=refs, state="completed", started="2026-01-01")
    save_record(store, day)
    made = reconstruction_of(day)
    assert set(made) == {
        "ingest_capture", "ingest_truth", "ingest_world", "scan", "splat", "pose_track"
    }  # fmt: skip
    night = RunRecord(
        name="nightly-x", request=RunRequest(preset="debug", task="push_block"), stages=made,
        state="completed", started="2026-01-02",
    )  # fmt: skip
    save_record(store, night)
    assert [p.preset for p in plan_backfill(store, "ppo", seed=7)] == ["full"]
    with pytest.raises(BadInputError):
        plan_backfill(store, "ppo", ("nightly-x",), seed=7)
    # The next night goes on from the same reconstruction.
    (source,) = finished_captures(store, "push_block").values()
    assert reconstruction_of(source) == made
