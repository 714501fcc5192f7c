"""Digests of captures, remembered while their files stay as they are.

Everyone asks here: a scan each minute, ``xsim run`` and a flow must not read gigabytes again to
learn that nothing changed.
"""

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xsim_core.capture import IngestConfig, StillArrivingError, file_stamp
from xsim_core.scratch import write_text
from xsim_core.storage import home_folder


def is_fresh(changed_s: float, settle_s: float) -> bool:
    """Whether a change at this time (Unix seconds) is too young, or of a clock that runs ahead."""
    return time.time() - changed_s < settle_s


@dataclass(frozen=True)
class DigestMemory:
    """Remembers digests in a folder, one small file for each capture."""

    folder: Path
    settle_s: float = 0.0
    """A capture with a file changed within so many seconds is still arriving."""

    @staticmethod
    def at_home(settle_s: float = 0.0) -> "DigestMemory":
        """The one below ``XSIM_HOME``, which all commands and flows of this machine share."""
        return DigestMemory(home_folder() / "digests", settle_s)

    def look(self, capture: Path) -> IngestConfig:
        """What ``IngestConfig.from_folder`` answers, without reading what was read before.

        Raises:
            StillArrivingError: when it was written to a moment ago.
            BadInputError: when the folder is no capture.
        """
        capture = capture.resolve()
        stamp, changed_s = file_stamp(capture)
        if self.settle_s and is_fresh(changed_s, self.settle_s):
            raise StillArrivingError(f"{capture} is still being written")
        known = self.folder / f"{hashlib.sha256(str(capture).encode()).hexdigest()[:32]}.json"
        if digest := _remembered(known, stamp):
            return IngestConfig(source=capture, content_digest=digest, stamp=stamp)
        config = IngestConfig.from_folder(capture)
        if config.stamp is not None:
            # Without a place to remember it is read again the next time, and nothing else is lost.
            with suppress(OSError):
                self._remember(known, config.stamp, config.content_digest)
        return config

    def _remember(self, known: Path, stamp: str, digest: str) -> None:
        write_text(known, json.dumps({"stamp": stamp, "digest": digest}))


def _remembered(known: Path, stamp: str) -> str | None:
    try:
        entry = json.loads(known.read_text())
        return str(entry["digest"]) if entry["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
