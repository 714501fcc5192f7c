"""How a person names an artifact."""

import re

from .artifacts import KINDS, ArtifactRef
from .errors import BadInputError, UnknownNameError
from .runs import list_runs, load_record
from .storage import ArtifactStore

_DIGITS = re.compile(r"[0-9a-f]{1,64}")
MIN_DIGITS = 16
"""From here on digits may be a whole fingerprint."""


def find_ref(store: ArtifactStore, text: str) -> ArtifactRef:
    """The artifact written as ``kind/fingerprint``, ``RUN:STAGE``, or by its first digits.

    Args:
        store: where to look.
        text: digits may stand alone or behind ``kind/``, as long as one artifact alone begins so.

    Raises:
        UnknownNameError: when there is none.
        BadInputError: when the digits fit several, or a run is named without a stage.
    """
    run, colon, stage = text.partition(":")
    if colon:
        stages = load_record(store, run).stages
        if stage not in stages:
            raise UnknownNameError(f"stage of run '{run}'", stage, stages)
        return stages[stage]
    kind, slash, digits = text.rpartition("/")
    if slash and kind not in KINDS:
        raise UnknownNameError("artifact kind", kind, KINDS)
    if not slash and not _DIGITS.fullmatch(text):
        raise _no_digits(store, text)
    if slash and len(digits) >= MIN_DIGITS and _DIGITS.fullmatch(digits):
        whole: ArtifactRef = ArtifactRef(kind=kind, fingerprint=digits)
        if store.manifest(whole) is not None:  # One request; a listing takes many.
            return whole
    return _by_digits(store, kind or None, digits, text)


def _by_digits(store: ArtifactStore, kind: str | None, digits: str, text: str) -> ArtifactRef:
    refs = store.list_refs(kind)
    found = [r for r in refs if digits and r.fingerprint.startswith(digits)]
    if not found:
        raise UnknownNameError("artifact", text, map(str, refs))
    if len(found) > 1:
        raise BadInputError(f"'{text}' fits {', '.join(map(str, found))}. Give more digits.")
    return found[0]


def _no_digits(store: ArtifactStore, text: str) -> Exception:
    """What is neither a ref nor digits: a run without its stage, or a slip."""
    runs = list_runs(store)
    if text not in runs:
        return UnknownNameError("run or artifact", text, runs)
    stages = ", ".join(f"{text}:{stage}" for stage in load_record(store, text).stages)
    return BadInputError(f"'{text}' is a run. Say which stage's artifact: {stages or 'none yet'}.")
