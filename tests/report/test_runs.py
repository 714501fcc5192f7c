import subprocess
import sys

import pytest

from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import (
    RunRecord,
    RunRequest,
    check_run_name,
    list_runs,
    load_record,
    save_record,
    this_process,
)


def test_records_come_back_as_written(toy_store, toy_refs):
    record = RunRecord(
        name="night-1", request=RunRequest(preset="full", overrides={"ppo": {"seed": 3}}),
        stages=toy_refs, state="completed",
    )  # fmt: skip
    save_record(toy_store, record)
    assert load_record(toy_store, "night-1") == record
    assert "night-1" in list_runs(toy_store)
    assert list(load_record(toy_store, "night-1").stages) == list(toy_refs)


def test_a_record_from_before_there_were_requests_is_read(toy_store, toy_refs):
    older = {
        "name": "old", "capture": "kitchen", "preset": "full", "task": "",
        "stages": {stage: ref.model_dump() for stage, ref in toy_refs.items()},
        "state": "completed", "started": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    toy_store.put_record("runs/old.json", older)
    record = load_record(toy_store, "old")
    assert record.request == RunRequest(capture="kitchen", preset="full")
    assert record.stages == toy_refs
    toy_store.put_record("runs/old.json", {"name": "old", "capture": "", "preset": "", "task": ""})
    assert load_record(toy_store, "old").request == RunRequest()


def test_a_request_that_names_nothing_is_named_by_its_capture_and_preset():
    assert RunRequest(capture="a/kitchen", preset="debug").run_name == "kitchen-debug"
    asked = RunRequest(name="mine", capture="a/kitchen", overrides=None)
    assert asked.parameters() == {
        "name": "mine", "capture": "a/kitchen", "preset": "demo", "task": None, "overrides": {}
    }  # fmt: skip
    with pytest.raises(BadInputError, match="run name"):
        _ = RunRequest(name="a/b", capture="a/kitchen").run_name


def test_a_run_of_a_dead_process_does_not_run(toy_store):
    dead = subprocess.run(
        [sys.executable, "-c", "from xsim_core.runs import this_process as p; print(p())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for process, state in (
        (dead.stdout.strip(), "interrupted"), (this_process(), "running"), ("", "running"),
        ("another-machine 1 1", "running"),
    ):  # fmt: skip
        save_record(toy_store, RunRecord(name="night-2", process=process))
        assert load_record(toy_store, "night-2").state == state


@pytest.mark.parametrize("name", ["no-such-run", "../manifest", ""])
def test_unknown_runs_are_named(toy_store, name):
    with pytest.raises(UnknownNameError, match="unknown run"):
        load_record(toy_store, name)


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "a b", "x" * 101])
def test_names_that_cannot_be_files_are_refused(name):
    with pytest.raises(BadInputError, match="run name"):
        check_run_name(name)
