"""What `xsim status` and the Prefect UI say of the same end: the table of docs/orchestration.md.

The UI's words are asked of the API that its pages read: a flow run's name, state and message, and
the states of its tasks.
"""

import json
import os
import shutil
import signal
import time

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
    lab.forget_second()


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


@pytest.mark.parametrize("signals", [1, 2], ids=["once", "twice"])
def test_one_whose_worker_is_ended_by_ctrl_c(lab, signals):
    """A terminal sends it to the worker and to all that the worker started; Prefect's worker kills
    its flow process before that has written anything down.
    """
    worker = lab.start_worker()
    name = f"stopped-{signals}"
    run = lab.submit(name)
    stage = run.await_stage()
    for _ in range(signals):
        os.killpg(worker.pid, signal.SIGINT)
        time.sleep(1)
    gone_s = until(lambda: not is_alive(stage), within_s=30)
    left_s = until(lambda: worker.poll() is not None, within_s=60)
    seconds, _ = run.await_end(within_s=WITHIN_S)
    record, line = status(lab, name)
    print(f"stage gone {gone_s:.1f} s, worker {left_s:.1f} s, final {seconds:.1f} s", line)
    _, state, message = in_the_ui(lab, run)
    assert (state, "Nothing was heard" in message) == ("Crashed", True)
    assert (record["state"], record["error"]) == ("interrupted", "its process is gone")
    assert list(record["stages"]) == ["first"]
    # And the next worker takes the same up where it stopped.
    lab.start_worker()
    again = lab.submit(name)
    again.await_stage()
    again.let_go()
    assert again.await_end(within_s=WITHIN_S)[1] == "COMPLETED"


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
