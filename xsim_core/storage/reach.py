"""What run records and pins reach: the only reasons to keep an artifact."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from xsim_core.artifacts.base import ArtifactRef
from xsim_core.artifacts.kinds import KINDS
from xsim_core.errors import CorruptArtifactError

from .store import ArtifactStore

_OUR_FOLDERS = {*KINDS, "gc", "probes"}


def reachable(store: ArtifactStore) -> set[str]:
    """All refs that run records and pins name, and everything these were made from.

    Raises:
        CorruptArtifactError: when a record or a manifest on the way cannot be read: what it
            reaches is then unknown.
    """
    records = [p for p in store.list_records("") if p.split("/")[0] not in _OUR_FOLDERS]
    waiting: list[ArtifactRef[Any]] = []
    for path in records:
        try:
            value = json.loads(store.read_object(path) or b"null")
        except ValueError:
            raise CorruptArtifactError(
                f"{path} is not JSON, so nobody knows what it keeps. Mend or delete it."
            ) from None
        waiting += _refs_in(value)
    seen: set[str] = set()
    while waiting:
        ref = waiting.pop()
        if str(ref) not in seen:
            seen.add(str(ref))
            manifest = store.manifest(ref)
            waiting += manifest.inputs.values() if manifest else ()
    return seen


def _refs_in(value: Any) -> Iterator[ArtifactRef[Any]]:
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
