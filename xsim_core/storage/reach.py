"""What run records and pins reach: the only reasons to keep an artifact."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from xsim_core.artifacts.base import ArtifactRef
from xsim_core.artifacts.kinds import KINDS
from xsim_core.errors import CorruptArtifactError

from .store import ArtifactStore

RECORD_FOLDERS = ("runs", "pins", "pointers", "decisions", "gaps")
"""Where names for people lie. What others keep below the store's URL is no business of ours."""


def reachable(store: ArtifactStore, seen: Iterable[str] = ()) -> set[str]:
    """All refs that run records and pins name, and everything these were made from.

    Args:
        store: where they lie.
        seen: paths that an earlier listing had: a record counts if either listing has it.

    Raises:
        CorruptArtifactError: when a record or a manifest on the way cannot be read, or was listed
            and is not to be had: what it reaches is then unknown.
    """
    seen = set(seen)
    listed = {path for folder in RECORD_FOLDERS for path in store.list_records(folder)}
    listed |= {path for path in seen if path.split("/")[0] in RECORD_FOLDERS}
    waiting: list[ArtifactRef] = []
    for path in sorted(path for path in listed if path.endswith(".json")):
        raw = store.read_object(path)
        if raw is None and path in store.list_records(path.rpartition("/")[0]):
            raise CorruptArtifactError(
                f"{path} is listed and is not to be had, so nobody knows what it keeps. Run again."
            )
        try:
            waiting += _refs_in(None if raw is None else json.loads(raw))
        except (ValueError, RecursionError):
            raise CorruptArtifactError(
                f"{path} is not JSON, so nobody knows what it keeps. Mend or delete it."
            ) from None
    reached: set[str] = set()
    while waiting:
        ref = waiting.pop()
        if str(ref) not in reached:
            reached.add(str(ref))
            manifest = store.manifest(ref)
            if manifest is None and f"{ref}/manifest.json" in seen:
                raise CorruptArtifactError(
                    f"{ref} was listed and is not to be had, so nobody knows what it was made "
                    "from. If it was removed meanwhile, run again."
                )
            waiting += manifest.inputs.values() if manifest else ()
    return reached


def _refs_in(value: Any) -> Iterator[ArtifactRef]:
    """Every ref in a JSON value: ``"kind/fingerprint"`` or ``{"kind": …, "fingerprint": …}``."""
    found: Any = None
    if isinstance(value, str):
        found = value.partition("/")[::2]
    elif isinstance(value, dict):
        found = value.get("kind"), value.get("fingerprint")
        for inner in value.values():
            yield from _refs_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs_in(inner)
    if found and found[0] in KINDS and found[1]:
        try:
            yield ArtifactRef(kind=found[0], fingerprint=found[1])
        except ValidationError:
            return
