"""A Prefect server for tests; it ends with them, however they end."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


@contextmanager
def server_of(home):
    """A running server in a home, stopped when left or when this process is killed."""
    # Not for the process beside it, which has to be there at once.
    from flows.prefect_server.server import start_server, stop_server

    with ends_with_this_process(home):
        try:
            yield start_server(home)
        finally:
            stop_server(home)


@contextmanager
def ends_with_this_process(home):
    """If this process is killed, everything that was started for a home is ended.

    A process beside it waits at a pipe that only this one holds: a server is meant to outlive who
    started it, and of SIGKILL nobody is told.
    """
    watcher = subprocess.Popen(
        [sys.executable, "-P", __file__, str(home)],
        cwd=ROOT,
        # It ends others, and must not be one of them.
        env={k: v for k, v in os.environ.items() if k not in ("PREFECT_HOME", "XSIM_HOME")},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # What ends a test run ends its whole group.
        start_new_session=True,
    )
    try:
        yield
    finally:
        watcher.kill()
        watcher.communicate()


def started_for(home):
    """Processes whose environment names a home."""
    names = {("PREFECT_HOME", str(Path(home) / "prefect")), ("XSIM_HOME", str(home))}
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except psutil.Error:
            continue
        if names & set(environment.items()):
            found.append(process)
    return found


def end_all(home):
    """Ask everything that was started for a home to end, then insist."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        processes = started_for(home)
        for process in processes:
            try:
                end(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=10)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_all(Path(sys.argv[1]))
