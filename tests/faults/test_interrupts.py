"""Ctrl-C inside every stage of the debug pipeline: it stops at once, whole, and goes on next time.

One chain is interrupted at least once in each stage and must still end with a report.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from flows.prefect_server.server import stop_server
from tests.waiting import until
from xsim_core.runs import load_record
from xsim_core.storage import ArtifactStore

STAGES = (
    "synthesize", "scan", "splat", "pose_track", "ppo", "render_dataset", "diffusion", "deploy",
    "calibrate", "evaluate",
)  # fmt: skip
CPU_S = (1.0, 10.0)
"""The signal falls when the stage's processes have used so much processor time, imports included:
by the clock, a busy machine would never get further than the imports."""
PATIENCE_S = 300.0
"""One that has not ended then hangs: half a second to two were measured on an idle machine, more
than twenty at a load of 23 behind processes of higher priority."""


def start(home, *, stdout=subprocess.DEVNULL):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "XSIM_"))}
    environment = {**clean, "XSIM_HOME": str(home)}
    command = [sys.executable, "-c", "from flows.cli.main import main; main()"]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, "demo", "--preset", "debug", "--json"],
            stdout=stdout,
            stderr=log,
            env=environment,
            start_new_session=True,
            # A shell's background jobs ignore SIGINT, and so would their children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


class Seen(NamedTuple):
    """A living process."""

    command: list[str]
    group: int
    cpu_s: float


def session_of(leader):
    """What lives in the session of a process, by process number."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError), process.oneshot():
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                spent = process.cpu_times()
                found[process.pid] = Seen(
                    process.cmdline(), os.getpgid(process.pid), spent.user + spent.system
                )
    return found


def spent_in(stage, process):
    """Seconds of processor time that the stage's processes have used; None when there are none."""
    seen = session_of(process.pid)
    for number, one in seen.items():
        if "tasks.engine.stage_process" in one.command and one.command[-1] == stage:
            return sum(o.cpu_s for o in seen.values() if o.group == number)
    return None


def wait_for(stage, process, cpu_s):
    """Wait until the stage has worked for so long; whether it still does."""
    deadline, began = time.monotonic() + 1200, False
    while True:
        spent_s = spent_in(stage, process)
        began = began or spent_s is not None
        if spent_s is not None and spent_s >= cpu_s:
            return True
        if began and spent_s is None:
            return False
        assert process.poll() is None, f"ended with {process.returncode} before {stage}"
        assert time.monotonic() < deadline, f"{stage} never began"
        time.sleep(0.05)


def interrupt(stage, home, cpu_s):
    """Start the chain, and end it inside a stage.

    Returns:
        Seconds until the process was gone, or None when the stage was over before the signal.
    """
    process = start(home)
    try:
        return _interrupt(stage, home, process, cpu_s)
    finally:
        for number in session_of(process.pid):
            os.kill(number, signal.SIGKILL)
        process.wait()


def _interrupt(stage, home, process, cpu_s):
    if not wait_for(stage, process, cpu_s):
        # Its process is gone before the run says so, and what no run says cannot be forgotten.
        until(lambda: process.poll() is not None or stage in made(home))
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE_S)
        return None
    clock = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=PATIENCE_S)
    seconds = time.monotonic() - clock
    left = session_of(process.pid)
    assert code == 130, f"{stage}: exit {code}"
    assert not left, f"{stage}: left {left}"
    if stage == "synthesize":
        return seconds
    record = load_record(ArtifactStore((home / "store").as_uri()), "debug")
    assert record.state == "interrupted"
    return seconds if record.unfinished == {stage: "interrupted"} else None


def made(home):
    """What the run says that it has."""
    return load_record(ArtifactStore((home / "store").as_uri()), "debug").stages


def forget(stage, home):
    """Have a stage that was too quick for the signal run again."""
    if stage in made(home):
        ArtifactStore((home / "store").as_uri()).delete(made(home)[stage])


@pytest.mark.slow
@pytest.mark.vulkan
@pytest.mark.timeout(7200)
def test_ctrl_c_in_every_stage_and_the_chain_still_ends(tmp_path):
    rng = random.Random(int(os.environ.get("XSIM_SEED", "0")))
    exits = 0
    try:
        for stage in STAGES:
            cpu_s = rng.uniform(*CPU_S)
            seconds = None
            while seconds is None:
                exits += 1
                seconds = interrupt(stage, tmp_path, cpu_s)
                cpu_s *= 0.6
                if seconds is None:
                    forget(stage, tmp_path)
            print(
                f"{stage:<16} signal after {cpu_s / 0.6:4.1f} s of work, gone in {seconds:5.2f} s"
            )
        last = start(tmp_path, stdout=subprocess.PIPE)
        answer, _ = last.communicate(timeout=1200)
        assert last.returncode == 0
        assert Path(json.loads(answer)["report"]).stat().st_size > 50_000
        print(f"{exits} interruptions, then a report")
    finally:
        stop_server(tmp_path)
