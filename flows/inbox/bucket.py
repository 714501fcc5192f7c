"""An inbox in a bucket: its complete captures are copied here, and the copy is what it holds."""

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from obstore.exceptions import BaseError

from flows.digests import is_fresh
from xsim_core.errors import BadInputError, StoreUnreachableError, XSimError
from xsim_core.scratch import write_bytes, write_text
from xsim_core.storage import ArtifactStore

from .place import CAPTURE_FILE, why_stray

Listed = dict[str, list[object]]
"""Path below the inbox → size in bytes and time of last change."""


class Copies(NamedTuple):
    """Captures that were copied, and those that could not be."""

    folders: list[Path]
    refused: dict[str, str]
    """Name of the capture → what is wrong with it."""


def fetch_prefix(url: str, folder: Path, *, settle_s: float = 0.0) -> Copies:
    """Copy the captures below a store URL to a local folder; what is there unchanged stays.

    Args:
        url: the inbox.
        folder: where the copies go; a file that is not in the inbox does not stay in a copy.
        settle_s: a capture of which an object is younger than this is left for the next scan.
    """
    source = ArtifactStore(url)
    held: dict[str, list[tuple[str, int, datetime]]] = defaultdict(list)
    for entry in source.list_objects():
        held[entry[0].split("/")[0]].append(entry)
    copies = Copies([], {})
    for name, below in sorted(held.items()):
        paths = {path for path, _, _ in below}
        if f"{name}/{CAPTURE_FILE}" not in paths:
            inside = (p.removeprefix(f"{name}/") for p in paths if p != name)
            if why := why_stray(name, inside):
                copies.refused[name] = why
            continue
        is_settling = settle_s and is_fresh(max(t.timestamp() for _, _, t in below), settle_s)
        try:
            if not is_settling:
                listed: Listed = {path: [size, t.isoformat()] for path, size, t in below}
                _copy(source, name, listed, folder)
        except StoreUnreachableError:
            raise
        except (BaseError, OSError, ValueError, XSimError) as error:
            copies.refused[name] = f"cannot be copied: {error}"
            continue
        if (folder / name / CAPTURE_FILE).is_file():
            copies.folders.append(folder / name)
    return copies


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
