"""The processes that this one started, and how they end."""

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

import psutil

PATIENCE_S = 2.0
TICK_S = 0.01
"""Linux counts the start of a process in ticks of this length, rounded down."""
GRACE_S = 6.0
"""From SIGTERM on. Slurm, systemd and Docker kill after 10 to 30 s, children apart."""


def leave_in_time() -> None:
    """Have SIGTERM end this process within ``GRACE_S``, whatever it is doing.

    Python's own handler waits for the main thread to come back from what it calls, and COLMAP or
    a solver may take half a minute. The interpreter notes the signal in a socket at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    noted, note = socket.socketpair()
    note.setblocking(False)  # noqa: FBT003 the socket's own interface
    signal.set_wakeup_fd(note.fileno(), warn_on_full_buffer=False)
    # The writing end lives as long as its reader.
    threading.Thread(target=_leave_after_sigterm, args=(noted, note), daemon=True).start()


def _leave_after_sigterm(noted: socket.socket, note: socket.socket) -> None:
    while note.fileno() >= 0 and noted.recv(1) != bytes([signal.SIGTERM]):
        pass
    time.sleep(GRACE_S)
    print("Interrupted. Finished stages are kept.", file=sys.stderr, flush=True)
    end_descendants()
    os._exit(130)


def descendants(*, since_s: float = 0.0) -> list[psutil.Process]:
    """Processes below this one, within its session, that began after ``since_s`` (Unix time).

    Not the one with which multiprocessing cleans up: it minds no SIGTERM, and ends with its parent.
    """
    session = os.getsid(0)
    found = psutil.Process().children(recursive=True)
    alive = [p for p in found if _is_alive(p) and not _cleans_up(p)]
    return [p for p in alive if _session(p) == session and _began(p) >= since_s]


def end_descendants(*, since_s: float = 0.0) -> None:
    """Ask them to end; insist after two seconds. Those that were there before stay."""
    asked = descendants(since_s=since_s)
    for process in asked:
        with suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + PATIENCE_S
    # Not psutil's wait_procs: it would take the exit codes that subprocess is to tell.
    while any(map(_is_alive, asked)) and time.monotonic() < deadline:
        time.sleep(0.05)
    # Asked ones are remembered: with its parent gone, a grandchild is no descendant any more.
    for process in {*asked, *descendants(since_s=since_s)}:
        with suppress(psutil.Error):
            process.kill()


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _cleans_up(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    return False


def _began(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return process.create_time() + TICK_S
    return 0.0


def _session(process: psutil.Process) -> int:
    with suppress(OSError):
        return os.getsid(process.pid)
    return -1
