"""Backfills submitted again to a real server, and what they leave out."""

import json

import pytest

from flows.prefect_server.backfill import plan_backfill
from flows.retraining.reconstructions import finished_captures, reconstruction_of, task_key
from tests.flows.toys import make_toy_run
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord, RunRequest, save_record
from xsim_core.sim.task import TASKS_DIR


@pytest.fixture(scope="module")
def said(prefect_home):
    from tests.flows.conftest import run_python

    done = run_python(prefect_home, "-m", "tests.flows.prefect_server.backfill_again")
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
        json.dumps(
            {
                "capture": "kitchen",
                "name": "kitchen-ppo-7",
                "overrides": {"ppo": {"seed": 7}},
                "preset": "debug",
                "task": None,
            }
        )
    }


def test_a_night_is_not_taken_for_the_run_of_a_capture(tmp_path):
    store, refs = make_toy_run(tmp_path)
    asked = RunRequest(capture="kitchen", preset="full")
    day = RunRecord(name="day", request=asked, stages=refs, state="completed", started="2026-01-01")
    save_record(store, day)
    made = reconstruction_of(day)
    assert set(made) == {
        "ingest_capture",
        "ingest_truth",
        "ingest_world",
        "scan",
        "splat",
        "pose_track",
    }
    night = RunRecord(
        name="nightly-x",
        request=RunRequest(preset="debug", task="push_block"),
        stages=made,
        state="completed",
        started="2026-01-02",
    )
    save_record(store, night)
    assert [p.preset for p in plan_backfill(store, "ppo", seed=7)] == ["full"]
    with pytest.raises(BadInputError):
        plan_backfill(store, "ppo", ("nightly-x",), seed=7)
    # The next night goes on from the same reconstruction.
    (source,) = finished_captures(store, "push_block").captures.values()
    assert reconstruction_of(source) == made
    # And from the track as a person left it.
    decided = day.model_copy(update={"stages": {**refs, "review_track": refs["pose_track"]}})
    assert "review_track" in reconstruction_of(decided)


def test_one_odd_record_stops_neither_night_nor_backfill(tmp_path):
    store, refs = make_toy_run(tmp_path)
    good = RunRecord(
        name="K\u00fcche 1", request=RunRequest(capture="kitchen"), stages=refs, state="completed"
    )
    gone = {**refs, "ingest_capture": ArtifactRef(kind="capture", fingerprint="0" * 24)}
    missing = RunRequest(capture="x", task="gone.yaml")
    for record in (
        good,
        RunRecord(name="no-artifact", stages=gone, started="2030"),
        RunRecord(name="no-task", request=missing, stages=refs, started="2030"),
    ):
        save_record(store, record)
    store.create_object("runs/torn.json", b"{")
    store.create_object("runs/newer.json", b'{"name": "newer", "colour": "red"}')
    captures, skipped = finished_captures(store, None)
    assert [r.name for r in captures.values()] == ["K\u00fcche 1"]
    assert sorted(skipped) == ["newer", "no-artifact", "no-task", "torn"]
    (planned,) = plan_backfill(store, "ppo", seed=7)
    assert planned.run_name == "Kuche-1-ppo-7"


def test_a_task_is_what_it_says_however_it_is_spelled(tmp_path):
    built_in = (TASKS_DIR / "push_block.yaml").read_text()
    folder = tmp_path / ("a-long-folder-name" * 4)
    folder.mkdir()
    for name, text in (
        ("copy", built_in),
        ("easy", built_in + "\nhorizon: 90\n"),
        ("hard", built_in + "\nhorizon: 20\n"),
    ):
        (folder / f"{name}.yaml").write_text(text)
    copy, easy, hard = (task_key(str(folder / f"{n}.yaml")) for n in ("copy", "easy", "hard"))
    assert {task_key(None), task_key("push_block"), copy} == {"push_block"}
    assert len({"push_block", easy, hard}) == 3
