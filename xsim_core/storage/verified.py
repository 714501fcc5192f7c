"""A committed payload as Zarr sees it: only what the manifest lists, and only if it is unchanged.

Objects read whole are compared with the manifest's digest; parts of a shard carry a crc32c.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from zarr.storage import ObjectStore

from xsim_core.artifacts.base import Manifest, ObjectRecord
from xsim_core.errors import CorruptArtifactError

from . import codecs
from .object_store.objects import Objects
from .object_store.patience import patiently_async
from .object_store.payload import (
    METADATA_LIMIT_BYTES,
    NUM_READS,
    check_metadata,
    is_whole_part,
    mend_of,
)

codecs.install()


class VerifiedStore(ObjectStore):
    """Read-only Zarr store over one payload that sees only what the manifest lists."""

    def __init__(self, store: Any, manifest: Manifest) -> None:
        super().__init__(store, read_only=True)
        self._objects = Objects(store)
        self.records = {f"{manifest.ref}/{o.path}": o for o in manifest.objects}

    def with_read_only(self, read_only: bool = False) -> "VerifiedStore":  # noqa: FBT001, FBT002
        """Itself: there is no other mode."""
        if not read_only:
            raise ValueError("committed artifacts are immutable")
        return self

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        """Bytes of a listed object; whole objects are compared with their digest."""
        record = self.records.get(key)
        if record is None:
            return None
        if key.endswith("zarr.json"):
            if record.size > METADATA_LIMIT_BYTES:
                raise CorruptArtifactError(f"{key} is larger than {METADATA_LIMIT_BYTES} bytes")
            data = await self._whole(key, record)
            check_metadata(bytes(data), key)
            return prototype.buffer.from_bytes(data)
        if byte_range is None:
            return prototype.buffer.from_bytes(await self._whole(key, record))
        for _ in range(NUM_READS - 1):
            part = await self._part(key, prototype, byte_range)
            if is_whole_part(part.as_numpy_array()):
                return part
        # Damaged or not: Zarr judges it by the same checksum.
        return await self._part(key, prototype, byte_range)

    async def _part(self, key: str, prototype: Any, byte_range: Any) -> Any:
        get = super().get
        found = await patiently_async(self.store, lambda: get(key, prototype, byte_range))
        if found is None:
            raise _missing(key)
        return found

    async def _whole(self, key: str, record: ObjectRecord) -> memoryview:
        try:
            return await asyncio.to_thread(self._objects.read_checked, key, record)
        except FileNotFoundError:
            raise _missing(key) from None

    async def exists(self, key: str) -> bool:
        """Whether the manifest lists it."""
        return key in self.records

    def list(self) -> AsyncIterator[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """All listed keys."""
        return self.list_prefix("")

    async def list_prefix(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prefix: str
    ) -> AsyncIterator[str]:
        """Listed keys at and below the path ``prefix``: ``depth`` has no part in ``depth_conf``."""
        start = prefix.rstrip("/")
        for key in self.records:
            if not start or key == start or key.startswith(f"{start}/"):
                yield key

    async def list_dir(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prefix: str
    ) -> AsyncIterator[str]:
        """Names directly below ``prefix``."""
        start = prefix.rstrip("/") + "/" if prefix else ""
        for child in {k[len(start) :].split("/")[0] for k in self.records if k.startswith(start)}:
            yield child


def _missing(key: str) -> CorruptArtifactError:
    # Answered with "not there", Zarr would read zeros.
    return CorruptArtifactError(f"{key} is missing. {mend_of(key)}")
