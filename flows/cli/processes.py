"""The processes that this one started, and how they end."""

import os
import time
from contextlib import suppress

import psutil

PATIENCE_S = 2.0


def descendants() -> list[psutil.Process]:
    """Processes below this one, within its session."""
    session = os.getsid(0)
    found = psutil.Process().children(recursive=True)
    return [process for process in found if _is_alive(process) and _session(process) == session]


def end_descendants() -> None:
    """Ask them to end; insist after two seconds."""
    asked = descendants()
    for process in asked:
        with suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + PATIENCE_S
    # Not psutil's wait_procs: it would take the exit codes that subprocess is to tell.
    while any(map(_is_alive, asked)) and time.monotonic() < deadline:
        time.sleep(0.05)
    # Asked ones are remembered: with its parent gone, a grandchild is no descendant any more.
    for process in {*asked, *descendants()}:
        with suppress(psutil.Error):
            process.kill()


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _session(process: psutil.Process) -> int:
    with suppress(OSError):
        return os.getsid(process.pid)
    return -1
