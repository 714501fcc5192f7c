"""Nights that are cut short, broken and of a wrong clock: nothing lost, all of it accounted for."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.retraining import night
from flows.retraining.page import night_page, terminal_lines
from flows.retraining.reconstructions import task_key
from flows.retraining.records import NightRecord, Turn, longest_waiting_first, new_night, nights_of
from tests.nights.accounts import account
from tests.nights.campaign import month, table
from tests.nights.lab import make_lab, one_night
from xsim_core.process import this_process
from xsim_core.runs import RunRecord, list_runs, save_record
from xsim_core.storage import ArtifactStore

ROOT = Path(__file__).parents[2]
DAY = datetime(2026, 3, 27, 0, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Three nights of three captures and two tasks; one is ended on the way, one breaks."""
    folder = tmp_path_factory.mktemp("lab")
    store = ArtifactStore((folder / "store").as_uri())
    files = make_lab(store, folder, tasks=2, captures=3)
    save_record(store, RunRecord(name="half", request={"task": files[0]}, state="failed"))
    store.create_object("runs/torn.json", b"{")
    seen = []

    def ended(stage):
        seen.append(stage)
        if seen.count("ppo") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_night(store, files[0], DAY, before=ended)
    one_night(store, files[1], DAY)
    # The clock was set back by a month.
    second = [one_night(store, file, DAY - timedelta(days=30)) for file in files]
    track = next(r for r in list_runs(store) if r == "capture-00")
    ref = store.get_record(f"runs/{track}.json")["stages"]["pose_track"]
    path = f"{ref['kind']}/{ref['fingerprint']}/manifest.json"
    manifest = store.read_object(path)
    store.delete_objects([path])
    third = [
        one_night(store, file, DAY + timedelta(days=2), max_hours=hours)
        for file, hours in zip(files, (None, 0.0), strict=True)
    ]
    store.create_object(path, manifest)
    return store, files, second, third


def test_every_night_says_what_became_of_each_capture(lab):
    store, files, _, _ = lab
    told = account(store, {task_key(files[0]): 2, task_key(files[1]): 1})
    assert told["nights"] == 6
    wrong = ("odd", "lost", "torn apart", "unaccounted", "seeds of two nights")
    assert [line for key in wrong for line in told[key]] == []


def test_what_was_ended_goes_on_with_its_seeds(lab):
    store, files, second, _ = lab
    first = nights_of(store, task_key(files[0]))[0][0]
    assert first.state == "interrupted"
    (cut,) = (p for p, t in first.turns.items() if t.outcome == "cut short")
    assert second[0].turns[cut].seeds_of == first.number
    assert "KeyboardInterrupt" in first.turns[cut].why


def test_a_clock_that_was_set_back_repeats_no_night(lab):
    store, files, _, _ = lab
    for file in files:
        numbers = [n.number for n in nights_of(store, task_key(file))[0]]
        assert numbers == [DAY.toordinal(), DAY.toordinal() + 1, DAY.toordinal() + 2]


def test_one_broken_capture_costs_no_other_its_turn(lab):
    *_, third = lab
    assert third[0].state == "failed"
    assert sorted(t.outcome for t in third[0].turns.values()) in (
        ["failed", "kept"],
        ["failed", "promoted"],
    )
    (why,) = (t.why for t in third[0].turns.values() if t.outcome == "failed")
    assert "MissingArtifactError" in why


def test_records_of_which_nothing_can_be_made_are_named(lab):
    *_, third = lab
    assert third[0].skipped["torn"] == "runs/torn.json is not JSON. Mend or delete it."
    assert third[0].skipped["half"].startswith("failed without ingest_capture, scan")
    assert "torn" in night_page(third[0])


def test_a_night_whose_time_is_up_begins_nothing(lab):
    *_, third = lab
    assert third[1].counts() == {"left out": 1}
    assert "the night's 0 h were over" in terminal_lines(third[1])[1]
    assert third[1].state == "completed"


def test_a_turn_is_cut_short_between_stages_when_the_time_is_up(tmp_path, monkeypatch):
    store = ArtifactStore((tmp_path / "store").as_uri())
    (file,) = make_lab(store, tmp_path, tasks=1, captures=1)
    now = [0.0]
    monkeypatch.setattr(night, "monotonic", lambda: now[0])

    def hour(_stage):
        now[0] += 3600.0

    record = one_night(store, file, DAY, max_hours=2.5, before=hour)
    (turn,) = record.turns.values()
    assert turn.outcome == "cut short"
    assert turn.why == "the night was over before the end of diffusion; it goes on next time"
    assert record.state == "completed"
    assert nights_of(store, task_key(file))[0] == [record]
    again = one_night(store, file, DAY + timedelta(days=1))
    assert [t.outcome for t in again.turns.values()] == ["first policy"]
    assert [t.seeds_of for t in again.turns.values()] == [record.number]


def test_a_night_whose_process_is_gone_says_so(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    gone = NightRecord(
        task="t",
        number=7,
        day="2026-03-01",
        process="here 1 2",
        turns={"a": Turn(outcome="at work", seeds_of=7), "b": Turn()},
    )
    alive = this_process().split(" ")
    dead = " ".join([alive[0], "4194304", *alive[2:]])
    store.put_record(
        "nights/t/7.json", gone.model_copy(update={"process": dead}).model_dump(mode="json")
    )
    store.create_object("nights/t/notes.txt", b"of somebody")
    store.create_object("nights/t/8.json", b"[]")
    store.put_record(
        "nights/t/9.json", gone.model_copy(update={"day": "soon"}).model_dump(mode="json")
    )
    (found,), odd = nights_of(store)
    assert found.state == "interrupted"
    assert [t.outcome for t in found.turns.values()] == ["cut short", "left out"]
    assert sorted(odd) == ["nights/t/8.json", "nights/t/9.json"]
    assert "nights/t/8.json" in odd["nights/t/8.json"]


def test_one_that_always_fails_does_not_come_first_for_ever():
    def turn(outcome, number):
        return Turn(outcome=outcome, seeds_of=number)

    first = {"good": turn("kept", 1)}
    second = {"bad": turn("failed", 2), "good": Turn()}
    nights = [
        NightRecord(task="t", number=number, day="2026-03-01", turns=turns)
        for number, turns in ((1, first), (2, second))
    ]
    assert longest_waiting_first(nights, ["bad", "good", "new"]) == ["new", "good", "bad"]


def test_a_flow_run_that_is_tried_again_is_the_same_night(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    first = new_night(store, "t", DAY, flow_run="one")
    store.put_record(f"nights/t/{first.name}.json", first.model_dump(mode="json"))
    assert new_night(store, "t", DAY, flow_run="one").number == first.number
    # As on the day after a change to summer time, 01:30 in Berlin: the same day in UTC.
    assert (
        new_night(store, "t", DAY + timedelta(hours=23), flow_run="two").number == first.number + 1
    )


def test_the_documented_month_is_the_one_that_was_lived_through():
    told = json.loads((ROOT / "tests/nights/month.json").read_text())
    assert table(told) in (ROOT / "docs/promotion.md").read_text()


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_month_of_thirty_captures_and_three_tasks_loses_nothing(tmp_path):
    if os.geteuid() == 0:
        words = ["mount", "-t", "tmpfs", "-o", "size=1500m", "tmpfs", str(tmp_path)]
        subprocess.run(words, check=False)  # Without, the disk is never full.
    try:
        told = month(tmp_path)
    finally:
        if tmp_path.is_mount():
            subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
    wrong = ("odd", "lost", "torn apart", "unaccounted", "seeds of two nights")
    assert [line for key in wrong for line in told["account"][key]] == []
    assert told["lost after a sweep"] == []
    ran = (count for row in told["rows"] for count in row["nights of tasks"].values())
    assert sum(ran) == 90
    # Alpha is 0.05 for each candidate that is that much worse, and these are a part of all.
    assert told["account"]["promotions of a policy 0.10 worse or more"] < 20
