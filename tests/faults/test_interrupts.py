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
from pathlib import Path

import pytest

from flows.server import stop_server
from xsim_core.report import load_record
from xsim_core.storage import ArtifactStore

STAGES = (
    "synthesize", "scan", "splat", "pose_track", "ppo", "render_dataset", "diffusion", "calibrate",
    "evaluate",
)  # fmt: skip
LONGEST_S = 6.0
"""The signal falls within so many seconds after the stage's process began."""
EXIT_WITHIN_S = 15.0


def start(home):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "XSIM_"))}
    environment = {**clean, "XSIM_HOME": str(home)}
    command = [sys.executable, "-c", "from flows.cli import main; main()"]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [*command, "demo", "--preset", "debug", "--json"], stdout=subprocess.PIPE, stderr=log,
            env=environment, start_new_session=True,
            # A shell's background jobs ignore SIGINT, and so would their children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip


def session_of(leader):
    """Command lines by process number of everything in the session of a process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
    return found


def is_running(stage, process, home):
    if stage == "synthesize":
        return (home / "captures" / "debug.synthesized.json").exists()
    return any(
        b"tasks.stage_process" in command and stage.encode() in command
        for command in session_of(process.pid).values()
    )


def wait_for(stage, process, home):
    deadline = time.monotonic() + 900
    while not is_running(stage, process, home):
        assert process.poll() is None, f"ended with {process.returncode} before {stage}"
        assert time.monotonic() < deadline, f"{stage} never began"
        time.sleep(0.05)


def interrupt(stage, home, delay_s):
    """Start the chain, and end it inside a stage.

    Returns:
        Seconds until the process was gone, or None when the stage was over before the signal.
    """
    process = start(home)
    wait_for(stage, process, home)
    time.sleep(delay_s)
    if not (stage == "synthesize" or is_running(stage, process, home)):
        end(process)
        return None
    clock = time.monotonic()
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=EXIT_WITHIN_S)
    seconds = time.monotonic() - clock
    left = session_of(process.pid)
    assert code == 130, f"{stage}: exit {code}"
    assert not left, f"{stage}: left {left}"
    if stage == "synthesize":
        return seconds
    record = load_record(ArtifactStore((home / "store").as_uri()), "debug")
    assert record.state == "interrupted"
    return seconds if record.unfinished == {stage: "interrupted"} else None


def forget(stage, home):
    """Have a stage that was too quick for the signal run again."""
    store = ArtifactStore((home / "store").as_uri())
    if stage in (made := load_record(store, "debug").stages):
        store.delete(made[stage])


def end(process):
    process.send_signal(signal.SIGINT)
    process.wait(timeout=EXIT_WITHIN_S)


@pytest.mark.slow
@pytest.mark.vulkan
@pytest.mark.timeout(3600)
def test_ctrl_c_in_every_stage_and_the_chain_still_ends(tmp_path):
    rng = random.Random(int(os.environ.get("XSIM_SEED", "0")))
    rows, exits = [], 0
    try:
        for stage in STAGES:
            delay_s = rng.uniform(0.3, LONGEST_S)
            seconds = None
            while seconds is None:
                exits += 1
                seconds = interrupt(stage, tmp_path, delay_s)
                delay_s *= 0.6
                if seconds is None:
                    forget(stage, tmp_path)
            rows.append((stage, delay_s / 0.6, seconds))
            print(f"{stage:<16} signal after {rows[-1][1]:4.1f} s, gone in {seconds:5.2f} s")
        last = start(tmp_path)
        answer, _ = last.communicate(timeout=1200)
        assert last.returncode == 0
        assert Path(json.loads(answer)["report"]).stat().st_size > 50_000
        print(f"{exits} interruptions, then a report")
    finally:
        stop_server(tmp_path)
