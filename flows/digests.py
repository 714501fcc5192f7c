"""Digests of captures, remembered while their files stay as they are.

Everyone asks here: each scan, ``xsim run`` and a flow must not read gigabytes again to
learn that nothing changed.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xsim_core.capture import IngestConfig, StillArrivingError, file_stamp
from xsim_core.capture.identity import source_files
from xsim_core.scratch import write_text
from xsim_core.storage import home_folder

CAPTURE_FILE = "capture.yaml"
"""Copied into the inbox last: a folder without it is still being copied."""
LAST_SHARE = 5
"""A capture whose own file came last, as it should, is whole after this part of the time."""
_ELSEWHERE = "links, or files elsewhere"
"""Of a capture that no look at its folder alone can tell to be unchanged."""


def is_fresh(changed_s: float, settle_s: float) -> bool:
    """Whether a change at this time (Unix seconds) is too young, or of a clock that runs ahead."""
    return time.time() - changed_s < settle_s


def whole_in_s(capture: Path, settle_s: float) -> float:
    """Seconds until ``DigestMemory`` takes a capture for whole if nothing changes; 0 when it is.

    Raises:
        StillArrivingError, BadInputError: as ``file_stamp``.
    """
    capture = capture.resolve()
    return _whole_in_s(capture, file_stamp(capture)[1], settle_s)


def _whole_in_s(capture: Path, changed_s: float, settle_s: float) -> float:
    if settle_s <= 0:
        return 0.0
    # Of what is copied in another order there may be more to come after a pause.
    if _changed_s(capture / CAPTURE_FILE) >= changed_s:
        settle_s /= LAST_SHARE
    # A clock that runs ahead makes a change look like one of the future.
    return min(max(settle_s - (time.time() - changed_s), 0.0), settle_s)


def _changed_s(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_ctime
    return 0.0


@dataclass(frozen=True)
class DigestMemory:
    """Remembers digests in a folder, one small file for each capture."""

    folder: Path
    settle_s: float = 0.0
    """A capture of which a file changed within so many seconds is still arriving; within a part of
    them (``LAST_SHARE``) where ``capture.yaml`` came last."""

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
        known = self.folder / f"{hashlib.sha256(str(capture).encode()).hexdigest()[:32]}.json"
        entry, (quick, changed_s) = _read(known), _folder_stamp(capture)
        if quick is None or entry.get("folder") != quick:
            # Its file is read, and those that it names are asked for: a hundred times as much.
            stamp, changed_s = file_stamp(capture)
        else:
            stamp = entry["stamp"]
        if _whole_in_s(capture, changed_s, self.settle_s):
            raise StillArrivingError(f"{capture} is still being written")
        if entry.get("stamp") == stamp:
            config = IngestConfig(source=capture, content_digest=entry["digest"], stamp=stamp)
        else:
            config = IngestConfig.from_folder(capture)
        is_known = entry.get("stamp") == stamp and entry.get("folder") in (quick, _ELSEWHERE)
        if config.stamp is not None and not is_known:
            # Without a place to remember it is read again the next time, and nothing else is lost.
            with suppress(OSError):
                _remember(known, config, quick)
        return config


def _remember(known: Path, config: IngestConfig, quick: str | None) -> None:
    # What lies elsewhere may change while the folder does not.
    is_inside = all(path.is_relative_to(config.source) for path in source_files(config.source))
    folder = quick if quick and is_inside else _ELSEWHERE
    entry = {"stamp": config.stamp, "digest": config.content_digest, "folder": folder}
    write_text(known, json.dumps(entry))


def _read(known: Path) -> dict[str, str]:
    try:
        entry = json.loads(known.read_text())
        return {name: str(entry[name]) for name in ("stamp", "digest", "folder") if entry.get(name)}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _folder_stamp(folder: Path) -> tuple[str | None, float]:
    """What the file system says of every file in a folder, and when one changed last.

    None where that stands for nothing: there are links, or it cannot be read.
    """
    lines: list[str] = []
    changed_s = 0.0
    folders = [str(folder)]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        return None, 0.0
                    if entry.is_dir():
                        folders.append(entry.path)
                        continue
                    s = entry.stat()
                    lines.append(
                        f"{entry.path} {s.st_ino} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns}"
                    )
                    changed_s = max(changed_s, s.st_ctime)
    except OSError:
        return None, 0.0
    text = "\n".join(sorted(lines)).encode(errors="surrogateescape")
    return hashlib.sha256(text).hexdigest(), changed_s
