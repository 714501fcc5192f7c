"""Which policy is current: numbered, immutable entries below ``pointers/<name>/``."""

import re
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError, CorruptArtifactError, MissingArtifactError
from xsim_core.storage import ArtifactStore, read_record

from .evidence import Decision

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_ENTRY = re.compile(r"pointers/([^/]+)/v\d{6,}\.json")


class Pointer(FrozenModel):
    """One numbered, immutable entry: which policy became current, and why."""

    name: str
    number: int
    ref: ArtifactRef
    reason: str
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    decision: Decision | None = None
    evaluations: tuple[ArtifactRef, ...] = ()
    """The trials behind the decision."""
    back_to: int | None = None
    """For a roll-back, the number it goes back to."""


def history(store: ArtifactStore, name: str) -> list[Pointer]:
    """Every entry of a pointer, oldest first.

    Raises:
        CorruptArtifactError: when one cannot be read: which policy is current is then unknown.
    """
    entries: list[Pointer] = []
    for path in store.list_records(_folder(name)):
        if not _ENTRY.fullmatch(path):
            continue  # Somebody else's file.
        try:
            entry = read_record(store, path, Pointer)
        except CorruptArtifactError as error:
            raise CorruptArtifactError(
                f"{error} Until then nobody knows which policy is current for {name}."
            ) from None
        entries += [entry] if entry is not None else []
    return sorted(entries, key=lambda p: p.number)


def pointers(store: ArtifactStore) -> list[str]:
    """Names of all pointers."""
    found = (_ENTRY.fullmatch(path) for path in store.list_records("pointers"))
    return sorted({match.group(1) for match in found if match})


def current(store: ArtifactStore, name: str) -> Pointer | None:
    """The newest entry, or None before the first promotion."""
    entries = history(store, name)
    return entries[-1] if entries else None


def promote(
    store: ArtifactStore,
    name: str,
    ref: ArtifactRef,
    *,
    reason: str,
    expected: int | None = None,
    **evidence: Any,
) -> Pointer:
    """Make ``ref`` current by adding the next number.

    Args:
        store: where pointers lie.
        name: of the pointer; a task, or a task and a capture.
        ref: the policy. As entries name it, ``xsim gc`` keeps it and all it was made from.
        reason: for people.
        expected: the number that was current when the decision was taken (0: none); None: any.
        evidence: further fields of ``Pointer``.

    Raises:
        MissingArtifactError: when the policy is not in the store.
        BadInputError: when it is current already, or somebody promoted since the decision.
    """
    folder = _folder(name)
    while True:
        newest = current(store, name)
        number = newest.number if newest else 0
        if expected is not None and number != expected:
            raise BadInputError(
                f"{name} moved from v{expected:06d} to v{number:06d} meanwhile. Compare with the "
                "policy that is current now."
            )
        if newest and newest.ref == ref:
            raise BadInputError(f"{ref} is the current policy of {name} already (v{number:06d})")
        entry = Pointer(name=name, number=number + 1, ref=ref, reason=reason, **evidence)
        if not store.claim(ref):
            raise MissingArtifactError(f"{ref} is not in {store.url}")
        body = entry.model_dump_json(indent=1).encode()
        if store.create_object(f"{folder}/v{entry.number:06d}.json", body):
            return entry


def _folder(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"pointer name '{name}': use letters, digits, dots, dashes, underscores"
        )
    return f"pointers/{name}"
