"""A test run that is killed leaves no server behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.servers.prefect import started_for
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
# As a server does: in a session of its own, known by its environment alone.
RUN = """
import subprocess, sys, time
from tests.servers.prefect import ends_with_this_process
with ends_with_this_process(sys.argv[1]):
    subprocess.Popen(
        ["sleep", "300"],
        env={"PREFECT_HOME": sys.argv[1] + "/prefect"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    print("started", flush=True)
    if sys.argv[2] == "wait":
        time.sleep(300)
"""


def run(home, how):
    words = [sys.executable, "-c", RUN, str(home), how]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_killed_test_run_started_ends_with_it(tmp_path, by):
    tests = run(tmp_path, "wait")
    assert tests.stdout.readline() == b"started\n"
    (server,) = started_for(tmp_path)
    # As ``timeout`` does it: the whole group.
    os.killpg(tests.pid, by)
    tests.communicate()
    until(lambda: not psutil.pid_exists(server.pid))
    assert started_for(tmp_path) == []


def test_who_leaves_in_order_ends_what_it_started_itself(tmp_path):
    tests = run(tmp_path, "leave")
    tests.communicate(timeout=PATIENCE_S)
    (server,) = started_for(tmp_path)
    server.kill()
