"""What a run at work stands on, in a note that nobody else writes: ``runs/<name>/<key>.json``.

The run's record is whoever's that carries out a run of its name: another machine's says that all is
done, a third's begins with other content, and neither knows that the first is still at work. A
sweep reads notes as it reads records.
"""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from xsim_core.artifacts import ArtifactRef
from xsim_core.config import FrozenModel
from xsim_core.errors import CorruptArtifactError
from xsim_core.process import Fate, fate_of, this_process
from xsim_core.storage import ArtifactStore, read_record

Ref = ArtifactRef


class _Note(FrozenModel):
    process: str
    refs: tuple[Ref, ...]


@dataclass
class WorkNote:
    """The note of one process at work on one run."""

    store: ArtifactStore
    name: str
    _refs: tuple[Ref, ...] = ()
    _is_written: bool = False
    _key: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def _path(self) -> str:
        return f"runs/{self.name}/{self._key}.json"

    def add(self, refs: Iterable[Ref]) -> None:
        """Keep these too, until the run ends; that it has begun is noted before there are any."""
        new = tuple(ref for ref in refs if ref not in self._refs)
        if new or not self._is_written:
            self._refs, self._is_written = self._refs + new, True
            note = _Note(process=this_process(), refs=self._refs)
            self.store.put_record(self._path, note.model_dump(mode="json"))

    def end(self) -> None:
        """The run is over: its record says what it made."""
        # Whoever may not delete leaves it, as one that is killed does.
        with suppress(Exception):
            self.store.delete_objects([self._path])


def is_anybody_at_work(store: ArtifactStore, name: str) -> bool:
    """Whether anybody is at work on the run, or may be: whatever its record says."""
    return any(fate != "gone" for fate in _fates(store, name).values())


def clear_notes(store: ArtifactStore, name: str = "") -> None:
    """Remove notes that processes of this machine left when they were killed.

    Of another machine's nothing is known: they stay until a run of the name begins there, or
    somebody deletes them.

    Args:
        store: where they lie.
        name: of one run; of all by default.
    """
    gone = [path for path, fate in _fates(store, name).items() if fate == "gone"]
    with suppress(Exception):
        store.delete_objects(gone)


def _fates(store: ArtifactStore, name: str) -> dict[str, Fate]:
    """What became of who wrote each note of a run, or of all."""
    fates: dict[str, Fate] = {}
    for path in store.list_records(f"runs/{name}".rstrip("/")):
        if path.count("/") == 2 and path.endswith(".json"):
            with suppress(CorruptArtifactError):  # Somebody else's: a sweep names it.
                if note := read_record(store, path, _Note):
                    fates[path] = fate_of(note.process)
    return fates
