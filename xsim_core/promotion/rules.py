"""What may become current, as a state machine over a pointer's entries (docs/promotion.md).

The states are the policies; an entry is a step. A night steps only to a policy that was never
current; whatever was, and above all what a person took back, comes back by a person alone.
"""

from collections.abc import Sequence

from xsim_core.artifacts import ArtifactRef

from .pointers import Pointer

Ref = ArtifactRef


def taken_back(entries: Sequence[Pointer]) -> dict[Ref, int]:
    """Policies that a person rolled back from, and the number of the entry that did so.

    A roll-back takes back every policy that it passes on its way, and whatever a person makes
    current again is taken back no longer.
    """
    refused: dict[Ref, int] = {}
    place = 0
    for entry in entries:
        target = entry.back_to or entry.number
        if entry.back_to is not None:
            passed = (e for e in entries if target < e.number <= place and e.back_to is None)
            refused |= {e.ref: entry.number for e in passed}
        refused.pop(entry.ref, None)
        place = target
    return refused


def objection(entries: Sequence[Pointer], candidate: Ref) -> str | None:
    """Why a night must neither try nor promote this policy; None when it may."""
    refused = taken_back(entries)
    if entries and entries[-1].ref == candidate:
        return f"the candidate is the current policy (v{entries[-1].number:06d})"
    if candidate in refused:
        return (
            f"a person took this policy back (v{refused[candidate]:06d}); only a person makes it "
            "current again: xsim promote"
        )
    earlier = [e.number for e in entries if e.ref == candidate]
    if earlier:
        return (
            f"this policy was current before (v{earlier[-1]:06d}) and was replaced; only a person "
            "makes it current again: xsim promote"
        )
    return None


def way_back(entries: Sequence[Pointer]) -> Pointer | None:
    """The entry a roll-back goes to: the newest before the current place with another policy.

    A second roll-back goes further back, not forth again, and none goes to what was taken back.
    """
    if not entries:
        return None
    place = entries[-1].back_to or entries[-1].number
    refused = taken_back(entries)
    earlier = [
        e
        for e in entries
        if e.number < place
        and e.back_to is None
        and e.ref != entries[-1].ref
        and e.ref not in refused
    ]
    return earlier[-1] if earlier else None
