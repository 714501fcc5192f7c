import subprocess
import sys

import pytest

from xsim_core.errors import BadInputError, CorruptArtifactError, UnknownNameError
from xsim_core.process import fate_of, this_process
from xsim_core.runs import (
    RunRecord,
    RunRequest,
    check_run_name,
    host_elsewhere,
    list_runs,
    load_record,
    load_records,
    save_record,
)
from xsim_core.storage import ArtifactStore


def test_records_come_back_as_written(toy_store, toy_refs):
    record = RunRecord(
        name="night-1",
        request=RunRequest(preset="full", overrides={"ppo": {"seed": 3}}),
        stages=toy_refs,
        state="completed",
    )
    save_record(toy_store, record)
    assert load_record(toy_store, "night-1") == record
    assert "night-1" in list_runs(toy_store)
    assert list(load_record(toy_store, "night-1").stages) == list(toy_refs)


def test_a_record_from_before_there_were_requests_is_read(toy_store, toy_refs):
    older = {
        "name": "old",
        "capture": "kitchen",
        "preset": "full",
        "task": "",
        "stages": {stage: ref.model_dump() for stage, ref in toy_refs.items()},
        "state": "completed",
        "started": "2026-01-01T00:00:00+00:00",
    }
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
        "name": "mine",
        "capture": "a/kitchen",
        "preset": "demo",
        "task": None,
        "overrides": {},
    }
    with pytest.raises(BadInputError, match="run name"):
        _ = RunRequest(name="a/b", capture="a/kitchen").run_name


def test_a_run_of_a_dead_process_does_not_run(toy_store):
    dead = subprocess.run(
        [sys.executable, "-c", "from xsim_core.process import this_process as p; print(p())"],
        capture_output=True,
        text=True,
        check=True,
    )
    for process, state in (
        (dead.stdout.strip(), "interrupted"),
        (this_process(), "running"),
        ("", "running"),
        ("another-machine 1 1", "running"),
    ):
        save_record(toy_store, RunRecord(name="night-2", process=process))
        assert load_record(toy_store, "night-2").state == state


def test_a_run_of_another_machine_says_whose_it_is():
    for process, host in (
        (this_process(), ""),
        ("", "an unknown machine"),
        ("another-machine 1 1", "another-machine"),
    ):
        assert host_elsewhere(RunRecord(name="night-2", process=process)) == host
    done = RunRecord(name="night-2", process="another-machine 1 1", state="completed")
    assert host_elsewhere(done) == ""


@pytest.mark.parametrize("name", ["no-such-run", "../manifest", ""])
def test_unknown_runs_are_named(toy_store, name):
    with pytest.raises(UnknownNameError, match="unknown run"):
        load_record(toy_store, name)


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "a b", "x" * 101])
def test_names_that_cannot_be_files_are_refused(name):
    with pytest.raises(BadInputError, match="run name"):
        check_run_name(name)


def test_one_odd_record_is_named_and_the_others_are_read(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    for name in ("monday", "K\u00fcche 1"):
        save_record(store, RunRecord(name=name))
    store.put_record("runs/renamed.json", RunRecord(name="before").model_dump(mode="json"))
    odd = {
        "torn": b"{", "binary": b"\xff\xfe{", "a list": b"[]", "null": b"null",
        "newer": b'{"name": "newer", "colour": "red"}', "state": b'{"name": "x", "state": "?"}',
        "process": b'{"name": "process", "state": "running", "process": "x y z"}',
    }  # fmt: skip
    for name, body in odd.items():
        store.create_object(f"runs/{name}.json", body)
    store.create_object("runs/README.md", b"\xff")
    store.create_object("runs/folder/inner.json", b"{")
    records, refused = load_records(store)
    assert [r.name for r in records] == ["K\u00fcche 1", "monday", "process", "renamed"]
    assert sorted(refused) == ["a list", "binary", "newer", "null", "state", "torn"]
    assert all(f"runs/{name}.json" in why for name, why in refused.items())
    assert load_record(store, "K\u00fcche 1").name == "K\u00fcche 1"
    with pytest.raises(CorruptArtifactError, match=r"runs/newer\.json.*colour"):
        load_record(store, "newer")


def test_what_runs_in_a_container_or_on_another_machine_is_not_said_to_be_gone():
    host, pid, start, machine, boot, namespace = this_process().split(" ")
    assert fate_of(f"{host} {pid} {start} {machine} {boot} {namespace}") == "alive"
    assert fate_of(f"{host} {pid} 1 {machine} {boot} {namespace}") == "gone"
    # A system without a machine's number (a bare container's) cannot know another boot for its own.
    earlier_boot = fate_of(f"{host} {pid} {start} {machine} 00000000 {namespace}")
    assert earlier_boot == ("gone" if machine else "elsewhere")
    assert fate_of(f"{host} {pid} {start} {machine} {boot} 1234") == "elsewhere"
    assert fate_of(f"{host} {pid} {start} 00000000 11111111 {namespace}") == "elsewhere"
    assert fate_of(f"another {pid} {start} {machine} {boot} {namespace}") == "elsewhere"
    # Of records before 2026-11-29, which had three words.
    assert fate_of(f"{host} {pid} {start}") == "alive"
    assert fate_of(f"{host} {pid} 1") == "gone"


INSIDE = """
import sys
from xsim_core.process import fate_of, this_process
print(this_process(), flush=True)
print(fate_of(sys.stdin.readline().strip()), flush=True)
sys.stdin.readline()
"""


def test_what_runs_in_another_namespace_of_processes_is_elsewhere_from_both_sides():
    """As in a container that has this machine's network, name and /etc/machine-id."""
    apart = ["unshare", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespace may be made here")
    inside = subprocess.Popen(
        [*apart, sys.executable, "-c", INSIDE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process = inside.stdout.readline().strip()
    assert fate_of(process) == "elsewhere"
    record = RunRecord(name="take1-demo", process=process)
    assert host_elsewhere(record) == this_process().partition(" ")[0]
    inside.stdin.write(f"{this_process()}\n")
    inside.stdin.flush()
    assert inside.stdout.readline() == "elsewhere\n"
    inside.communicate("\n")
    assert fate_of(process) == "elsewhere", "what became of it is not known here"
