"""What `xsim status` and the Prefect UI say of the same end: the table of docs/orchestration.md.

The UI's words are asked of the API that its pages read: a flow run's name, state and message, and
the states of its tasks.
"""

import json
import os
import shutil
import signal

import psutil
import pytest

from flows.prefect_server.server import auth_string, find_server
from tests.processes import is_alive

from .laboratory import MAIN, Laboratory, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WITHIN_S = 240


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def no_worker_stays(lab):
    yield
    while lab.workers:
        lab.kill_worker(lab.workers.pop())


def status(lab, name):
    """The run's record as `xsim status --json` prints it, and its line for people."""
    runs = json.loads(lab.python(*MAIN, "status", "--json"))["runs"]
    lines = lab.python(*MAIN, "status").splitlines()
    return (
        next(r for r in runs if r["name"] == name),
        next(line for line in lines if line.split()[:1] == [name]),
    )


def in_the_ui(lab, run):
    """Name, state and message of the flow run."""
    shown = lab.ask(f"flow_runs/{run.id}")
    said = (shown["name"], shown["state_name"], shown["state"]["message"])
    print(f"UI: {said}; tasks {run.tasks()}")
    return said


def test_one_that_is_cancelled_in_the_ui(lab):
    lab.start_worker()
    run = lab.submit("cancelled")
    stage = run.await_stage()
    lab.ask(f"flow_runs/{run.id}/set_state", {"state": {"type": "CANCELLING"}})
    run.await_end(within_s=WITHIN_S)
    until(lambda: not is_alive(stage), within_s=30)
    record, line = status(lab, "cancelled")
    print(line, record["error"], record["unfinished"])
    name, state, _ = in_the_ui(lab, run)
    assert (name, state) == ("cancelled", "Cancelled")
    assert record["state"] == "interrupted"
    assert record["unfinished"] == {"second": "interrupted"}
    assert record["error"] == "cancelled, or its process was asked to end"


def test_one_whose_process_is_gone(lab):
    lab.start_worker()
    run = lab.submit("gone")
    os.kill(psutil.Process(run.await_stage()).ppid(), signal.SIGKILL)
    run.await_end(within_s=WITHIN_S)
    record, line = status(lab, "gone")
    print(line, record["error"])
    name, state, message = in_the_ui(lab, run)
    assert (name, state) == ("gone", "Crashed")
    assert message
    assert (record["state"], record["error"]) == ("interrupted", "its process is gone")


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid(), reason="needs namespaces")
def test_one_at_work_where_its_process_cannot_be_looked_for(lab):
    """In a namespace of processes of its own, as a container has it, told where the server is."""
    lab.start_worker(
        within=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        PREFECT_API_URL=find_server(lab.folder).api_url,
        PREFECT_API_AUTH_STRING=auth_string(lab.folder),
    )
    run = lab.submit("elsewhere")
    until(lambda: run.notes.exists() and run.notes.read_text(), within_s=WITHIN_S)
    record, line = status(lab, "elsewhere")
    print(line)
    assert in_the_ui(lab, run)[:2] == ("elsewhere", "Running")
    assert record["state"] == "running"
    assert "whether it still runs is not known here" in line
    # The whole container dies: the server hears nothing more.
    lab.kill_worker(lab.workers.pop())
    run.await_end(within_s=WITHIN_S)
    _, state, message = in_the_ui(lab, run)
    print(status(lab, "elsewhere")[1])
    assert state == "Crashed"
    assert "Nothing was heard" in message
