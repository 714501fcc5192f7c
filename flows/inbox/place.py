"""Where the inbox is, and what lies in it: captures, and what only looks like one."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlparse

from flows.digests import CAPTURE_FILE
from xsim_core.errors import BadInputError
from xsim_core.files.folders import expanded

_ALMOST = ("capture.yml", "Capture.yaml", "capture.YAML", "capture.yaml.txt", "capture.json")
"""What people and their editors make of the file's name."""
_HIDDEN = (".", "@", "#")
"""Beginnings of names that systems and editors give."""


def inbox_place(given: str | None, default: Path, store_url: str) -> str:
    """A store URL, or an absolute folder that is there.

    Args:
        given: a folder or a store URL; None for ``default``, which is made when it is missing.
        default: the folder when nobody names one.
        store_url: the store, which can be no inbox, and in which none can lie.

    Raises:
        BadInputError: when there is no such folder, or the store lies there.
    """
    is_bucket = given is not None and "://" in given and not given.startswith("file:")
    if given is not None and given.startswith("file:"):
        given = unquote(urlparse(given).path)
    if is_bucket:
        place = str(given)
    else:
        folder = expanded(given, "the inbox").absolute() if given else default
        if not given:
            folder.mkdir(parents=True, exist_ok=True)
        if not folder.is_dir():
            raise BadInputError(
                f"the inbox {folder} is not there. Make the folder, or name another: XSIM_INBOX."
            )
        place = folder.as_uri()
    if _overlap(place, store_url):
        raise BadInputError(
            f"the inbox {given or default} and the store {store_url} lie in one another: what is "
            "kept in one would be taken for the other's. Name another folder or prefix: XSIM_INBOX."
        )
    return place if is_bucket else unquote(urlparse(place).path)


def _overlap(one: str, other: str) -> bool:
    a, b = (urlparse(url.rstrip("/") + "/") for url in (one, other))
    if (a.scheme, a.netloc) != (b.scheme, b.netloc):
        return False
    if a.scheme == "file":
        first, second = (f"{Path(unquote(u.path)).resolve()}/" for u in (a, b))
    else:
        first, second = a.path, b.path
    return first.startswith(second) or second.startswith(first)


def capture_folders(inbox: Path) -> list[Path]:
    """Captures in a folder whose ``capture.yaml`` has arrived."""
    return sorted(p.parent for p in inbox.glob(f"*/{CAPTURE_FILE}"))


def strays(inbox: Path) -> dict[str, str]:
    """What will never be a capture as it lies there, by name, with what would make it one."""
    found: dict[str, str] = {}
    for entry in sorted(inbox.iterdir()):
        try:
            why = why_stray(entry.name, _inside(entry))
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
        if why:
            found[printable(entry.name)] = why
    return found


def _inside(entry: Path) -> list[str]:
    """What ``why_stray`` asks about; nothing of whole captures, which may be large."""
    is_skipped = entry.name.startswith(_HIDDEN) or not entry.is_dir()
    if is_skipped or (entry / CAPTURE_FILE).exists():
        return []
    paths = (*entry.iterdir(), *entry.glob(f"*/{CAPTURE_FILE}"))
    return [path.relative_to(entry).as_posix() for path in paths]


def why_stray(name: str, below: Iterable[str]) -> str:
    """Why what lies in an inbox under a name will never be a capture; "" for what is none of ours.

    Args:
        name: of the file or folder.
        below: paths from it on, at least of what lies in it and one folder deeper.
    """
    below = set(below)
    if name == CAPTURE_FILE:
        return "lies in the inbox itself: put it into a folder of its capture"
    if name.startswith(_HIDDEN) or CAPTURE_FILE in below:
        return ""
    if almost := [one for one in _ALMOST if one in below]:
        return f"holds {almost[0]}: rename it to {CAPTURE_FILE}"
    if deeper := sorted(p for p in below if p.count("/") == 1 and p.endswith(f"/{CAPTURE_FILE}")):
        return f"holds captures one folder deeper ({deeper[0].partition('/')[0]}): move them up"
    return ""


def printable(name: str) -> str:
    """A file name as text, also one that is no UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
