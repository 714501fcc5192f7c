"""The objects below a store's URL, asked for with patience.

On a disk obstore flushes nothing: what is written here is, or is flushed before it is named.
"""

import contextlib
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    GenericError,
    PermissionDeniedError,
)

from xsim_core.artifacts.base import ObjectRecord
from xsim_core.errors import CorruptArtifactError, StoreFullError

from .disk import Disk
from .listing import Lister, Listing
from .patience import patiently, reread
from .payload import check_bytes
from .refusals import not_there

T = TypeVar("T")

PART_BYTES = 5 << 20
"""obstore uploads what is larger in parts."""

_QUOTA = "<Code>QuotaExceeded</Code>"
"""Ceph's word for it, in an answer 403."""


class Objects:
    """Read, list, create, write and delete objects of one backend."""

    def __init__(self, backend: Any, *, is_flushed: bool = True) -> None:
        """Keep obstore's backend, and whether what is written on a disk is waited for."""
        self.backend = backend
        self._lister: Lister | None = None
        is_local = isinstance(backend, obstore.store.LocalStore)
        self._disk = Disk(Path(str(backend.prefix)), is_flushed=is_flushed) if is_local else None

    def read(self, path: str, *, limit: int | None = None) -> bytes:
        """The bytes of an object.

        Args:
            path: below the store's URL.
            limit: bytes; a larger object is refused before its body is read.

        Raises:
            FileNotFoundError: when it is not there.
            CorruptArtifactError: when it is larger than ``limit``.
        """
        return bytes(self._fetch(path, limit))

    def _fetch(self, path: str, limit: int | None) -> memoryview:
        def ask() -> memoryview:
            try:
                found = obstore.get(self.backend, path)
            except FileNotFoundError as error:
                raise not_there(self.backend, error) from error
            size = found.meta["size"]
            if limit is not None and size > limit:
                raise CorruptArtifactError(
                    f"{path} has {size} bytes, larger than {limit} bytes: it was not read"
                )
            return memoryview(found.bytes())

        return patiently(self.backend, ask)

    def read_checked(self, path: str, record: ObjectRecord) -> memoryview:
        """The bytes that a manifest promises; a mismatch is read again before it counts.

        Raises:
            FileNotFoundError: when the object is missing.
            CorruptArtifactError: when it is truncated or altered.
        """

        def ask() -> memoryview:
            data = self._fetch(path, record.size)
            check_bytes(data, record, path)
            return data

        return reread(ask)

    def listing(self, prefix: str = "") -> Listing:
        """Every object below the folder ``prefix``.

        Raises:
            StoreUnreachableError: when what the store answers is no listing, again and again.
        """
        self._lister = lister = self._lister or Lister(self.backend)
        found: Listing = []

        def ask() -> Listing:
            # What came before an error stays; the next try goes on behind it.
            found.extend(lister.after(prefix, found[-1][0] if found else None))
            return found

        return patiently(self.backend, ask)

    def paths(self, prefix: str) -> list[str]:
        """Paths of every object below ``prefix``."""
        return [path for path, _, _ in self.listing(prefix)]

    def create(self, path: str, data: bytes) -> bool:
        """Create an object that is not there yet; False if another one is.

        The answer to our own create may be lost, by us or by obstore that then asks again. So an
        object with these very bytes counts as ours: give them something that only we would write,
        unless all who write the same bytes mean the same. Answered, it survives a power cut.
        """
        if self._disk:
            if self._disk.put(path, data, is_new=True):
                return True
            with contextlib.suppress(FileNotFoundError):
                return self.read(path) == data
            return False

        def ask() -> bool:
            try:
                with upload(path, len(data)):
                    obstore.put(self.backend, path, data, mode="create")
            except AlreadyExistsError:
                with contextlib.suppress(FileNotFoundError):
                    return self.read(path) == data
                return False
            return True

        return patiently(self.backend, ask)

    def write(self, path: str, data: bytes) -> None:
        """Write or overwrite an object that survives a power cut."""
        if self._disk:
            self._disk.put(path, data, is_new=False)
        else:
            self.write_unflushed(path, data)

    def flush(self, paths: Iterable[str]) -> None:
        """Let objects that were written without survive a power cut; servers see to it alone."""
        if self._disk:
            self._disk.flush(paths)

    def withdraw(self, path: str) -> None:
        """Remove an object that names others before they go; it does not return."""
        if self._disk:
            self._disk.remove(path)
        else:
            self.delete([path])

    def settle(self, path: str) -> None:
        """Wait until an object that another process created survives a power cut."""
        if self._disk:
            self._disk.settle(path)

    def write_unflushed(self, path: str, data: bytes) -> None:
        """Write an object that is flushed with others before anything names it."""

        def ask() -> None:
            with upload(path, len(data)):
                obstore.put(self.backend, path, data)

        patiently(self.backend, ask)

    def delete(self, paths: list[str]) -> None:
        """Remove objects; those already gone are fine."""
        if not paths:
            return
        try:
            patiently(self.backend, lambda: obstore.delete(self.backend, paths))
        except FileNotFoundError:
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    obstore.delete(self.backend, path)


@contextlib.contextmanager
def upload(path: str, num_bytes: int) -> Generator[None]:
    """Around an upload: what its errors mean.

    Raises:
        GenericError: when its end was not heard, which a new try mends: its parts were joined, the
            answer was torn off, and obstore found no parts to clear up.
        StoreFullError: when the bucket's or user's quota is used up.
    """
    try:
        yield
    except PermissionDeniedError as error:
        if _QUOTA not in str(error):
            raise
        raise StoreFullError(
            f"{path}: the server lets this bucket or user store no more (QuotaExceeded). Ask for a "
            "higher quota, run 'xsim gc', or name another store (XSIM_STORE), then run again: "
            "finished stages are kept."
        ) from error
    except FileNotFoundError as error:
        if num_bytes <= PART_BYTES:
            raise
        raise GenericError(f"{path}: the end of the upload was not heard") from error
