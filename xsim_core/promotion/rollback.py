"""A person's step back; nothing is deleted, and no night steps forth again."""

from xsim_core.errors import MissingArtifactError
from xsim_core.storage import ArtifactStore

from .pointers import Pointer, history, promote
from .rules import way_back


def rollback(store: ArtifactStore, name: str, *, to: int | None = None) -> Pointer:
    """Go back by adding a number that names an earlier policy again.

    Args:
        store: where pointers lie.
        name: of the pointer.
        to: the number to go back to; by default that of the policy before (``way_back``).

    Raises:
        MissingArtifactError: when there is no such number.
        BadInputError: when it names the policy that is current already.
    """
    entries = history(store, name)
    chosen = way_back(entries) if to is None else next((e for e in entries if e.number == to), None)
    if chosen is None:
        known = ", ".join(f"v{e.number:06d}" for e in entries) or "none"
        raise MissingArtifactError(f"{name} has nothing to go back to; its numbers: {known}")
    number = chosen.back_to or chosen.number
    return promote(
        store,
        name,
        chosen.ref,
        reason=f"rolled back to v{number:06d}",
        expected=entries[-1].number,
        back_to=number,
    )
