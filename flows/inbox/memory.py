"""Arrivals that came to an end, remembered here: a scan asks the store for the others alone."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsim_core.errors import CorruptArtifactError
from xsim_core.scratch import write_text
from xsim_core.storage import ArtifactStore, home_folder, read_record

from .captures import ENDED, Arrival


@dataclass(frozen=True)
class ArrivalMemory:
    """A file of what the store said; an entry counts while its object's size and time stay."""

    file: Path

    @staticmethod
    def at_home(store: ArtifactStore) -> "ArrivalMemory":
        """The one below ``XSIM_HOME`` for this store."""
        name = hashlib.sha256(store.url.encode()).hexdigest()[:16]
        return ArrivalMemory(home_folder() / "digests" / f"arrivals-{name}.json")

    def read(self, store: ArtifactStore) -> tuple[dict[str, Arrival], dict[str, str]]:
        """What ``read_records`` answers of the inbox: arrivals, and what is wrong with odd ones."""
        before, kept = self._load(), dict[str, Any]()
        found: dict[str, Arrival] = {}
        odd: dict[str, str] = {}
        for path, size, changed in sorted(store.list_objects("inbox")):
            name = path.removeprefix("inbox/").removesuffix(".json")
            if not path.endswith(".json") or "/" in name:
                continue
            look, entry = [size, changed.isoformat()], before.get(path)
            try:
                if entry and entry["look"] == look:
                    arrival = entry["arrival"]
                else:
                    arrival = read_record(store, path, Arrival)
            except CorruptArtifactError as error:
                odd[name] = str(error)
                continue
            if arrival is None:  # Removed since it was listed.
                continue
            found[name] = arrival
            # Others change while nobody looks, perhaps within one tick of the store's clock.
            if arrival.phase in ENDED:
                kept[path] = {"look": look, "arrival": arrival}
        if kept != before:
            with suppress(OSError):  # Without it all are read again.
                write_text(self.file, json.dumps(kept, default=lambda a: a.model_dump(mode="json")))
        return found, odd

    def _load(self) -> dict[str, Any]:
        try:
            entries = json.loads(self.file.read_text())
            return {
                path: {"look": e["look"], "arrival": Arrival.model_validate(e["arrival"])}
                for path, e in entries.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
