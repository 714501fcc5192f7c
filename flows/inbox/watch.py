"""Starts a capture's run as soon as it is whole: the kernel tells what changes in the inbox.

The scan decides, as on schedule; this one only knows when to look. A file system that tells nothing
(of what other machines write over NFS, say) costs time and no capture: it scans each minute anyway.
"""

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from flows.digests import CAPTURE_FILE, whole_in_s
from xsim_core.capture import StillArrivingError
from xsim_core.errors import BadInputError, XSimError

from .captures import SETTLE_S, Scanned

log = logging.getLogger(__name__)

GATHER_S = 0.3
"""Changes within so short a time are looked at together."""
EVERY_S = 60.0
"""A scan at least so often, whatever was told: it also looks after runs that died."""
AGAIN_S = 10.0
"""After a scan that could not be made, as while the server starts."""
_TOLD: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
]
"""What begins or ends a writing. Not each write: a copied film is a hundred thousand of them."""

Scan = Callable[[], Scanned]


class Dues(FileSystemEventHandler):
    """When to look at which entry of the inbox; told by one thread, asked by another."""

    def __init__(self, inbox: Path, settle_s: float = SETTLE_S) -> None:
        self._inbox, self._settle_s = inbox, settle_s
        self._changed = threading.Condition()
        self._due_s: dict[str, float] = {}
        self._stopped = False

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Look at the entries that an event names, in a moment."""
        for path in filter(None, map(os.fsdecode, (event.src_path, event.dest_path))):
            if (below := Path(path)).is_relative_to(self._inbox) and below != self._inbox:
                self.look_at(below.relative_to(self._inbox).parts[0])

    def look_at(self, name: str, in_s: float = GATHER_S) -> None:
        """Look at an entry in so many seconds, or earlier where that was wanted before."""
        with self._changed:
            # While files arrive one after another, the one look that is due is enough.
            self._due_s.setdefault(name, time.monotonic() + in_s)
            self._changed.notify()

    def stop(self) -> None:
        """Have ``whole`` answer at once."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def is_stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped

    def whole(self, within_s: float) -> list[str]:
        """Wait for entries that are worth a scan; empty when none came within a time."""
        end_s = time.monotonic() + within_s
        while not self._stopped and (wait_s := end_s - time.monotonic()) > 0:
            with self._changed:
                soonest = min(self._due_s.values(), default=end_s)
                if (ahead := min(soonest - time.monotonic(), wait_s)) > 0:
                    self._changed.wait(ahead)
                now_s = time.monotonic()
                names = [name for name, due_s in self._due_s.items() if due_s <= now_s]
                for name in names:
                    del self._due_s[name]
            if ready := [name for name in names if self._is_worth_a_scan(name)]:
                with self._changed:
                    # The scan that follows sees what was told meanwhile, too.
                    for name in ready:
                        self._due_s.pop(name, None)
                return ready
        return []

    def _is_worth_a_scan(self, name: str) -> bool:
        folder = self._inbox / name
        try:
            if not (folder / CAPTURE_FILE).is_file():
                return False  # Its coming will be told.
            in_s = whole_in_s(folder, self._settle_s)
        except StillArrivingError:
            in_s = self._settle_s
        except (OSError, XSimError):
            return True  # The scan says what is wrong with it.
        if in_s:
            self.look_at(name, in_s + 0.05)
        return not in_s


def watch(inbox: Path, dues: Dues, scan: Scan, *, every_s: float = EVERY_S) -> None:
    """Scan at once, whenever a capture became whole, and every minute, until ``dues`` is stopped.

    Args:
        inbox: the folder.
        dues: what is told of changes.
        scan: makes a scan; when it fails, another follows.
        every_s: how long to wait for a change.

    Raises:
        BadInputError: when the kernel takes no more watches, or the folder went away.
    """
    there = _identity(inbox)
    # A folder made inside a new one is met twice, told and listed: watchdog 7.1 warns of it, and
    # where warnings are errors its thread ends at that and tells no more.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning, r"watchdog\.")
    observer = Observer()
    observer.schedule(dues, str(inbox), recursive=True, event_filter=_TOLD)
    try:
        observer.start()
    except OSError as error:
        raise BadInputError(
            f"{inbox} cannot be watched: {error}. Raise the kernel's limits "
            "(sysctl fs.inotify.max_user_watches, max_user_instances), or move captures that are "
            "done elsewhere; the scan on schedule goes on without."
        ) from error
    try:
        wait_s = 0.0
        while not dues.is_stopped:
            dues.whole(wait_s)
            if dues.is_stopped:
                return
            if _identity(inbox) != there:
                raise BadInputError(f"{inbox} is not the folder any more that was watched")
            wait_s = _scan(scan, dues, every_s)
    finally:
        observer.stop()
        observer.join()


def _scan(scan: Scan, dues: Dues, every_s: float) -> float:
    """Scan; how long to wait for a change before the next."""
    try:
        scanned = scan()
    except Exception as error:  # noqa: BLE001 a server or store that is away comes back
        log.warning("no scan: %s; again in %g s", error, AGAIN_S)
        return AGAIN_S
    for folder in scanned.arriving:
        dues.look_at(Path(folder).name)
    return every_s


def _identity(folder: Path) -> tuple[int, int]:
    try:
        there = folder.stat()
    except OSError as error:
        raise BadInputError(f"the inbox {folder} is gone: {error.strerror}") from error
    return there.st_dev, there.st_ino
