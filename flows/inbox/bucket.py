"""An inbox in a bucket: what is whole is copied here, and the copy is what it holds."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from obstore.exceptions import BaseError

from flows.digests import CAPTURE_FILE, is_fresh
from xsim_core.errors import BadInputError, StoreUnreachableError, XSimError
from xsim_core.scratch import write_bytes, write_text
from xsim_core.storage import ArtifactStore

from .place import why_stray
from .recordings import are_recordings

Listed = dict[str, list[object]]
"""Path below the inbox → size in bytes and time of last change."""


class Copies(NamedTuple):
    """What an inbox holds, in folders of this machine."""

    folders: list[Path]
    """Captures."""
    refused: dict[str, str]
    """Name of a capture → what is wrong with it."""
    recordings: list[Path]
    """Folders of a robot's rollouts."""
    arriving: tuple[str, ...] = ()
    """Names of what was still written to a moment ago."""


def fetch_prefix(url: str, folder: Path, *, settle_s: float = 0.0) -> Copies:
    """Copy captures and recordings below a store URL to a local folder; what is unchanged stays.

    Args:
        url: the inbox.
        folder: where the copies go; a file that is not in the inbox does not stay in a copy.
        settle_s: something of which an object is younger than this is left for the next scan.
    """
    source = ArtifactStore(url)
    held: dict[str, list[tuple[str, int, datetime]]] = defaultdict(list)
    for entry in source.list_objects():
        held[entry[0].split("/")[0]].append(entry)
    copies, arriving = Copies([], {}, []), list[str]()
    for name, below in sorted(held.items()):
        inside = [p.removeprefix(f"{name}/") for p, _, _ in below if p != name]
        if CAPTURE_FILE not in inside and not are_recordings(inside):
            if why := why_stray(name, inside):
                copies.refused[name] = why
            continue
        try:
            if settle_s and is_fresh(max(t.timestamp() for _, _, t in below), settle_s):
                arriving.append(name)
            else:
                listed: Listed = {path: [size, t.isoformat()] for path, size, t in below}
                _copy(source, name, listed, folder)
        except StoreUnreachableError:
            raise
        except (BaseError, OSError, ValueError, XSimError) as error:
            copies.refused[name] = f"cannot be copied: {error}"
            continue
        if (folder / name / CAPTURE_FILE).is_file():
            copies.folders.append(folder / name)
        elif name not in arriving:
            copies.recordings.append(folder / name)
    return copies._replace(arriving=tuple(arriving))


def _copy(source: ArtifactStore, name: str, listed: Listed, folder: Path) -> None:
    stamp = folder / f"{name}.listing.json"
    before: Listed = {}
    if stamp.exists():
        before = json.loads(stamp.read_text())
    if before == listed and (folder / name).is_dir():
        return
    for path in listed:
        if not (folder / path).resolve().is_relative_to((folder / name).resolve()):
            raise BadInputError(f"'{path}' leads out of the inbox")
    for there in sorted((folder / name).rglob("*")):
        if there.is_file() and there.relative_to(folder).as_posix() not in listed:
            there.unlink()
    # The capture's own file last here too: a stop on the way leaves no half capture.
    for path in sorted(listed, key=lambda p: p.endswith(CAPTURE_FILE)):
        if before.get(path) != listed[path] or not (folder / path).is_file():
            data = source.read_object(path)
            if data is None:
                raise BadInputError(f"'{path}' was removed while it was copied")
            write_bytes(folder / path, data)
    write_text(stamp, json.dumps(listed))
