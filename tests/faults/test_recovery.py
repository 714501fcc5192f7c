"""What dies is found within two minutes, and the next run reuses what was committed. Measured."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from flows.prefect_server.server import _read_state, start_server
from tests.processes import is_alive
from xsim_core.storage.bucket import create_bucket

from .laboratory import Laboratory, Line, Run, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
WITHIN_S = 120


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def no_worker_stays(lab):
    """The next test's runs are for its own workers."""
    yield
    while lab.workers:
        lab.kill_worker(lab.workers.pop())


def report(what, seconds, state):
    print(f"{what:<44} {state:<10} {seconds:5.1f} s")


def cancel(lab, run, stage, what):
    """As the UI does; the stage's process goes, and the run says that it was cancelled."""
    clock = time.monotonic()
    lab.ask(f"flow_runs/{run.id}/set_state", {"state": {"type": "CANCELLING"}})
    until(lambda: not is_alive(stage), within_s=WITHIN_S)
    gone_s = time.monotonic() - clock
    _, state = run.await_end(within_s=WITHIN_S)
    report(what, gone_s, state)
    assert state == "CANCELLED"


def check_the_next_run(lab, name, **parameters):
    """It reuses what was committed, and ends."""
    again = lab.submit(f"{name}-again", **parameters)
    again.let_go()
    _, state = again.await_end(within_s=180)
    assert state == "COMPLETED"
    assert ends_of_tasks(again)["first"] == "Reused"
    assert again.tasks()["second"] in {"Completed", "Reused"}


def ends_of_tasks(run):
    """The server writes task states down a moment after the run has ended."""
    ends = {"Completed", "Reused"}
    until(lambda: len(run.tasks()) == 2 and set(run.tasks().values()) <= ends, within_s=30)
    return run.tasks()


def begin(lab, name, **parameters):
    lab.forget_second()
    run = lab.submit(name, **parameters)
    return run, run.await_stage()


def test_a_killed_flow_process_is_marked_by_its_worker(lab):
    lab.start_worker()
    run, stage = begin(lab, "flow-killed")
    os.kill(psutil.Process(stage).ppid(), signal.SIGKILL)
    seconds, state = run.await_end(within_s=WITHIN_S)
    report("flow process killed, worker alive", seconds, state)
    assert state == "CRASHED"
    assert not is_alive(stage)
    check_the_next_run(lab, "flow-killed")


def test_a_killed_machine_is_found_by_its_silence(lab):
    worker = lab.start_worker()
    run, stage = begin(lab, "machine-killed")
    flow_process = psutil.Process(stage).ppid()
    lab.kill_worker(worker)
    os.kill(flow_process, signal.SIGKILL)
    seconds, state = run.await_end(within_s=WITHIN_S)
    report("worker and flow process killed", seconds, state)
    assert state == "CRASHED"
    assert not is_alive(stage)
    lab.start_worker()
    check_the_next_run(lab, "machine-killed")


def start_slow_worker(lab, seconds):
    """A worker whose runs take so long to begin, and where they note their process."""
    notes = lab.folder / "importing"
    notes.unlink(missing_ok=True)
    return lab.start_worker(TOY_IMPORT_S=str(seconds), TOY_IMPORT_NOTES=str(notes)), notes


def test_a_run_that_was_taken_and_never_begun_is_found_by_its_silence(lab):
    worker, notes = start_slow_worker(lab, 600)
    run = lab.submit("never-begun")
    until(lambda: notes.exists() and notes.read_text(), within_s=180)
    assert run.state == "PENDING"
    lab.kill_worker(worker)
    os.kill(int(notes.read_text()), signal.SIGKILL)
    seconds, state = run.await_end(within_s=WITHIN_S)
    report("worker killed, run taken and not begun", seconds, state)
    assert state == "CRASHED"
    lab.start_worker()
    again = lab.submit("never-begun-again")
    again.let_go()
    assert again.await_end(within_s=180)[1] == "COMPLETED"


def test_a_run_that_begins_late_is_no_lost_run(lab):
    """The watch takes it for dead; its own word overrules that."""
    start_slow_worker(lab, 140)
    run = lab.submit("late")
    run.let_go()
    until(lambda: run.state == "CRASHED", within_s=240)
    seconds = until(lambda: run.state == "COMPLETED", within_s=180)
    report("imports took 140 s; Completed after Crashed by", seconds, run.state)


def test_the_run_of_a_killed_worker_ends_or_fails_plainly(lab):
    """Its flow process loses the pipe it prints to, and may give up for it."""
    worker = lab.start_worker()
    run, _ = begin(lab, "worker-killed")
    lab.kill_worker(worker)
    time.sleep(5)
    run.let_go()
    seconds, state = run.await_end(within_s=WITHIN_S)
    report("worker alone killed; stage ends 5 s later", seconds, state)
    assert state in {"COMPLETED", "CRASHED"}
    lab.start_worker()
    check_the_next_run(lab, "worker-killed")


@pytest.mark.parametrize("stage_ends", ["after the restart", "while it is away"])
def test_a_restarted_server_finds_its_run_again(lab, stage_ends):
    lab.start_worker()
    run, _ = begin(lab, f"server-{stage_ends.split()[0]}")
    os.killpg(_read_state(lab.folder).pid, signal.SIGKILL)
    if stage_ends == "while it is away":
        run.let_go()
    time.sleep(10)
    clock = time.monotonic()
    start_server(lab.folder)
    up_s = time.monotonic() - clock
    run.let_go()
    # Where the server is away for long, the watch for silent runs marks it first.
    seconds = until(lambda: run.state == "COMPLETED", within_s=WITHIN_S)
    report(f"server killed, up again after {10 + up_s:.0f} s, {stage_ends}", seconds, run.state)
    check_the_next_run(lab, run.notes.stem)


MOTO = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(*server.get_host_and_port(), flush=True)
time.sleep(3600)
"""


@pytest.fixture
def s3_line(monkeypatch):
    """A line to an S3 server in a process of its own, and the environment that leads there."""
    moto = subprocess.Popen(
        [sys.executable, "-c", MOTO], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    host, port = moto.stdout.readline().split()
    line = Line(f"http://{host}:{port}")
    keys = {
        "AWS_ENDPOINT_URL": line.endpoint, "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1",
    }  # fmt: skip
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    create_bucket("s3://recovery/store")
    yield line, {**keys, "XSIM_STORE": "s3://recovery/store"}
    moto.kill()
    moto.communicate()


@pytest.mark.parametrize("away_s", [15, None])
def test_a_lost_store_is_waited_for_and_then_given_up(lab, s3_line, away_s):
    line, environment = s3_line
    lab.start_worker(**environment)
    run = lab.submit(f"store-away-{away_s}")
    run.await_stage()
    line.cut()
    clock = time.monotonic()
    run.let_go()
    if away_s is not None:
        time.sleep(away_s)
        line.mend()
    _, state = run.await_end(within_s=WITHIN_S + 60)
    seconds = time.monotonic() - clock
    report(f"store lost {'for good' if away_s is None else f'for {away_s} s'}", seconds, state)
    line.mend()
    assert state == ("FAILED" if away_s is None else "COMPLETED")
    assert seconds < WITHIN_S
    check_the_next_run(lab, run.notes.stem)


def test_a_gpu_slot_is_given_back_by_a_dead_holder(lab):
    lab.start_worker()
    run, stage = begin(lab, "gpu-holder", gpu=True)
    # The second run asks for the same artifact under another name of the notes only.
    waiting = lab.submit("gpu-next", gpu=True)
    until(lambda: waiting.tasks().get("second") == "Running", within_s=400)
    time.sleep(5)
    assert not waiting.notes.exists(), "two held the one slot"
    clock = time.monotonic()
    os.kill(psutil.Process(stage).ppid(), signal.SIGKILL)
    waiting.await_stage()
    seconds = time.monotonic() - clock
    report("holder of the GPU slot killed; slot acquired", seconds, run.state)
    assert seconds < WITHIN_S
    waiting.let_go()
    assert waiting.await_end()[1] == "COMPLETED"
    assert ends_of_tasks(waiting)["first"] == "Reused"
    check_the_next_run(lab, "gpu-holder", gpu=True)


@pytest.fixture
def two_pools(lab):
    """A worker that sends the second stage to the other one's pool."""
    lab.start_worker(XSIM_POOLS="second=xsim-gpu")
    lab.start_worker("xsim-gpu")


def routed(lab, run):
    """The flow run that a worker of the other pool carries out for a task of this one."""
    body = {
        "flow_runs": {"parent_flow_run_id": {"any_": [run.id]}},
        "work_pools": {"name": {"any_": ["xsim-gpu"]}},
    }
    (other,) = lab.ask("flow_runs/filter", body)
    return Run(lab, other["id"], run.notes)


def test_a_stage_is_carried_out_by_the_pool_it_is_routed_to(lab, two_pools):
    run, _ = begin(lab, "routed")
    there = routed(lab, run)
    assert there.state == "RUNNING"
    run.let_go()
    seconds, state = run.await_end(within_s=WITHIN_S)
    report("stage on another pool let go; run ended", seconds, state)
    assert (state, there.state) == ("COMPLETED", "COMPLETED")
    assert run.tasks()["second"] == "Completed"


def test_a_cancel_reaches_the_stage_on_another_pool(lab, two_pools):
    run, stage = begin(lab, "routed-cancelled")
    there = routed(lab, run)
    cancel(lab, run, stage, "run cancelled; routed stage's process gone")
    assert there.await_end(within_s=WITHIN_S)[1] in {"CANCELLED", "CRASHED"}


def test_a_cancel_ends_a_stage(lab):
    lab.start_worker()
    run, stage = begin(lab, "cancelled")
    cancel(lab, run, stage, "run cancelled; stage's process gone")
