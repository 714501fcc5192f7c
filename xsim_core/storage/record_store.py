"""What a store holds beside artifacts: records for people, and whatever lies at a path."""

import json
from typing import Any

from xsim_core.errors import CorruptArtifactError

from .object_store.address import canonical_url
from .object_store.backends import open_backend
from .object_store.listing import Listing
from .object_store.locate import is_store_flushed
from .object_store.objects import Objects
from .object_store.probe import check_create_if_absent

RECORD_LIMIT_BYTES = 16 << 20
"""Of a record that is read: what is larger was written by somebody else."""


class RecordStore:
    """Objects below one URL, by their paths."""

    def __init__(self, url: str, *, is_flushed: bool | None = None) -> None:
        """Open it; ``file://`` folders are created.

        Args:
            url: as ``ArtifactStore``'s.
            is_flushed: as ``ArtifactStore``'s.

        Raises:
            UnknownNameError, BadInputError: when it is no address of a store, or not ours to use.
        """
        self.url = canonical_url(url)
        self.is_flushed = is_store_flushed() if is_flushed is None else is_flushed
        self._objects = Objects(open_backend(self.url), is_flushed=self.is_flushed)

    def check_answers(self) -> None:
        """Ask for something, so that a wrong address or key is said before work begins.

        Raises:
            StoreUnreachableError: when no server of the store answers.
            BadInputError: when it refuses us.
        """
        self.read_object("probes/none")

    def check_create_if_absent(self) -> None:
        """Prove on the very bucket that racing workers are kept apart (see ``backends``).

        Raises:
            BadInputError: when they would not be.
        """
        check_create_if_absent(self._objects.backend, self.url)

    def put_record(self, path: str, value: dict[str, Any]) -> None:
        """A small JSON record for people, such as ``runs/<name>.json``; overwrites."""
        self._objects.write(path, json.dumps(value, indent=1).encode())

    def get_record(self, path: str) -> dict[str, Any] | None:
        """A JSON record, or None.

        Raises:
            CorruptArtifactError: when it is not JSON.
        """
        try:
            return json.loads(self._objects.read(path, limit=RECORD_LIMIT_BYTES))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError):
            raise CorruptArtifactError(f"{path} is not JSON. Mend or delete it.") from None

    def list_records(self, prefix: str) -> list[str]:
        """Paths of records below ``prefix/``."""
        return sorted(self._objects.paths(prefix + "/"))

    def list_objects(self, prefix: str = "") -> Listing:
        """Path, size in bytes and time of last change of every object below ``prefix``."""
        return self._objects.listing(prefix)

    def create_object(self, path: str, data: bytes) -> bool:
        """Create an object that is not there yet; False if one with other bytes is."""
        return self._objects.create(path, data)

    def read_object(self, path: str, *, limit: int | None = None) -> bytes | None:
        """The bytes of an object, or None.

        Raises:
            CorruptArtifactError: when it has more bytes than ``limit``.
        """
        try:
            return self._objects.read(path, limit=limit)
        except FileNotFoundError:
            return None

    def delete_objects(self, paths: list[str]) -> None:
        """Remove objects by path; those already gone are fine."""
        self._objects.delete(paths)
