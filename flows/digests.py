"""Digests of captures, remembered while their files stay as they are.

A scan each minute must not read gigabytes again to learn that nothing changed. What a file system
says of a file (size, times, number) stands for its bytes, as it does for git and rsync.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from xsim_core.capture import IngestConfig, source_files
from xsim_core.errors import BadInputError
from xsim_core.scratch import write_text


class StillArrivingError(BadInputError):
    """A capture was written to a moment ago; its digest would be that of half a capture."""


def is_fresh(changed_s: float, settle_s: float) -> bool:
    """Whether a change at this time (Unix seconds) is too young, or of a clock that runs ahead."""
    return time.time() - changed_s < settle_s


@dataclass(frozen=True)
class DigestMemory:
    """Remembers digests in a folder, one small file for each capture."""

    folder: Path
    settle_s: float = 0.0
    """A capture with a file changed within so many seconds is still arriving."""

    def look(self, capture: Path) -> IngestConfig:
        """What ``IngestConfig.from_folder`` answers, without reading what was read before.

        Raises:
            StillArrivingError: when it was written to a moment ago.
            BadInputError: when the folder is no capture.
        """
        capture = capture.resolve()
        stamp, changed_s = _stamp(capture)
        if self.settle_s and is_fresh(changed_s, self.settle_s):
            raise StillArrivingError(f"{capture} is still being written")
        known = self.folder / f"{hashlib.sha256(str(capture).encode()).hexdigest()[:32]}.json"
        if digest := _remembered(known, stamp):
            return IngestConfig(source=capture, content_digest=digest)
        config = IngestConfig.from_folder(capture)
        if _stamp(capture)[0] != stamp:
            raise StillArrivingError(f"{capture} changed while it was read")
        self._remember(known, stamp, config.content_digest)
        return config

    def _remember(self, known: Path, stamp: str, digest: str) -> None:
        write_text(known, json.dumps({"stamp": stamp, "digest": digest}))


def _remembered(known: Path, stamp: str) -> str | None:
    try:
        entry = json.loads(known.read_text())
        return str(entry["digest"]) if entry["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _stamp(capture: Path) -> tuple[str, float]:
    """What the file system says of a capture's files, and when one changed last (Unix seconds).

    The time is that of the last change to the file's entry (ctime): copying tools set the other.
    """
    try:
        stats = [(str(p), p.stat()) for p in source_files(capture)]
    except FileNotFoundError as error:
        raise StillArrivingError(f"{capture} changed while it was listed: {error}") from error
    lines = [f"{p} {s.st_ino} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns}" for p, s in stats]
    stamp = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return stamp, max(s.st_ctime for _, s in stats)
