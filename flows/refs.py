"""How a person names an artifact."""

from typing import Any

from xsim_core.artifacts import KINDS, ArtifactRef
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.report import load_record
from xsim_core.storage import ArtifactStore


def find_ref(store: ArtifactStore, text: str) -> ArtifactRef[Any]:
    """The artifact written as ``kind/fingerprint``, ``RUN:STAGE``, or by its first digits.

    Raises:
        UnknownNameError: when there is none.
        BadInputError: when the digits fit several.
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
    found = [
        r for r in store.list_refs(kind or None) if digits and r.fingerprint.startswith(digits)
    ]
    if not found:
        known = [f"{s}" for s in store.list_refs(kind or None)]
        raise UnknownNameError("artifact", text, known)
    if len(found) > 1:
        raise BadInputError(f"'{text}' fits {', '.join(map(str, found))}. Give more digits.")
    return found[0]
