import subprocess
import sys

import pytest

from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import (
    RunRecord,
    check_run_name,
    list_runs,
    load_record,
    save_record,
    this_process,
)


def test_records_come_back_as_written(toy_store, toy_refs):
    record = RunRecord(name="night-1", preset="demo", stages=toy_refs, state="completed")
    save_record(toy_store, record)
    assert load_record(toy_store, "night-1") == record
    assert "night-1" in list_runs(toy_store)
    assert list(load_record(toy_store, "night-1").stages) == list(toy_refs)


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
