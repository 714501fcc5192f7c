"""The processes that this one started, and how they end."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 2.0


def descendants() -> list[int]:
    """Processes below this one, within its session."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # The command name, in parentheses, may hold spaces; the parent is second after it.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found: list[int] = []
    front = {os.getpid()}
    while front:
        front = {pid for pid, parent in parents.items() if parent in front}
        found += sorted(front)
    with suppress(OSError):
        session = os.getsid(0)
        return [pid for pid in found if _session(pid) == session]
    return found


def end_descendants() -> None:
    """Ask them to end; insist after two seconds."""
    for kill_signal in (signal.SIGTERM, signal.SIGKILL):
        for pid in descendants():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, kill_signal)
        deadline = time.monotonic() + PATIENCE_S
        while descendants() and time.monotonic() < deadline:
            time.sleep(0.05)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1
