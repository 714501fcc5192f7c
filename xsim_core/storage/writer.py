"""One attempt at an artifact: where a stage puts its payload, invisible until it is committed."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec
from zarr.storage import ObjectStore

from xsim_core.errors import BadInputError
from xsim_core.files.windows import windows

from .object_store.objects import Objects, upload
from .object_store.patience import patiently_async
from .object_store.payload import NUM_READS, altered_attempt, is_whole_part
from .runtime import Progress, Runtime, no_progress

FRAMES_PER_SHARD = 500
SHARD_BYTES = 64 << 20
"""Large frames get fewer: Zarr holds a shard that it writes several times over."""


class _AttemptStore(ObjectStore):
    """Writes below one prefix only: Zarr would mark every folder above as a group as well."""

    def __init__(self, store: Any, sent: dict[str, str], *, prefix: str) -> None:
        super().__init__(store)
        self.prefix, self.sent = prefix, sent

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        if not key.startswith(self.prefix):
            return None  # Zarr looks into every folder above for groups; there are none.
        get = super().get
        for _ in range(NUM_READS):
            found = await patiently_async(self.store, lambda: get(key, prototype, byte_range))
            if found is None or self._is_what_was_sent(key, found.as_numpy_array(), byte_range):
                return found
        raise altered_attempt(key)

    def _is_what_was_sent(self, key: str, data: Any, byte_range: Any) -> bool:
        if byte_range is not None:
            return is_whole_part(data)
        return key not in self.sent or hashlib.sha256(data).hexdigest() == self.sent[key]

    async def exists(self, key: str) -> bool:
        exists = super().exists
        return await patiently_async(self.store, lambda: exists(key))

    async def set(self, key: str, value: Any) -> None:
        if not key.startswith(self.prefix):
            return
        data = value.as_buffer_like()

        async def ask() -> None:
            with upload(key, len(data)):
                await obstore.put_async(self.store, key, data)

        self.sent[key] = hashlib.sha256(data).hexdigest()
        await patiently_async(self.store, ask)

    async def delete(self, key: str) -> None:
        # Zarr does not keep chunks that are all fill value.
        self.sent.pop(key, None)
        delete = super().delete
        await patiently_async(self.store, lambda: delete(key))

    async def set_if_not_exists(self, key: str, value: Any) -> None:
        # Nobody else writes into this attempt, and unlike a conditional put this one is repeated.
        if key.startswith(self.prefix) and not await self.exists(key):
            await self.set(key, value)

    async def list_dir(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prefix: str
    ) -> AsyncIterator[str]:
        # Nobody else writes into this attempt: no request, and no answer to believe.
        start = prefix.rstrip("/") + "/" if prefix else ""
        for child in {k[len(start) :].split("/")[0] for k in self.sent if k.startswith(start)}:
            yield child


@dataclass
class ArtifactWriter:
    """Where a stage puts its payload: one attempt, invisible until it is committed."""

    kind: str
    fingerprint: str
    attempt: str
    _objects: Objects
    _scratch: Path
    runtime: Runtime = field(default_factory=Runtime)
    progress: Progress = no_progress
    in_doubt: bool = False
    """Whether the manifest was sent: from then on these objects may be the artifact."""
    sent: dict[str, str] = field(default_factory=dict)
    """Path and sha256 of all that was written: at commit the store must hold just that."""

    @property
    def prefix(self) -> str:
        """Where this attempt's objects lie below the store's URL."""
        return f"{self.kind}/{self.fingerprint}/{self.attempt}"

    @cached_property
    def group(self) -> zarr.Group:
        """The payload's Zarr group."""
        path = f"{self.prefix}/data.zarr"
        store = _AttemptStore(self._objects.backend, self.sent, prefix=path)
        return zarr.open_group(store, path=path, mode="a", zarr_format=3)

    def create(self, name: str, *, shape: tuple[int, ...], dtype: Any) -> zarr.Array:
        """An array to fill piece by piece. Frame-like arrays get one chunk a frame, in shards.

        Raises:
            BadInputError: for dtypes that would need pickle.
        """
        dtype = np.dtype(dtype)
        if dtype.kind not in "biuf":
            raise BadInputError(f"array '{name}': dtype {dtype} is not plain numbers")
        num_frames = shape[0] if shape else 1
        is_frames = len(shape) >= 3 and dtype.kind == "u" and min(shape) > 0
        if is_frames:
            chunk = (1, *shape[1:])
            frame_bytes = prod(shape[1:]) * dtype.itemsize
            length = min(FRAMES_PER_SHARD, num_frames, max(1, SHARD_BYTES // frame_bytes))
            shard = (length, *shape[1:])
            # Raw chunks under a checksum can be memory-mapped; depth compresses, colour does not.
            packed = (ZstdCodec(level=1),) if dtype.itemsize > 1 else ()
            return self.group.create_array(
                name,
                shape=shape,
                dtype=dtype,
                chunks=chunk,
                shards=shard,
                compressors=(*packed, Crc32cCodec()),
                fill_value=0,
            )
        chunk = tuple(max(1, s) for s in shape)
        return self.group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=chunk or "auto",
            serializer=BytesCodec(),
            compressors=(ZstdCodec(level=3, checksum=True),),
            fill_value=0,
        )

    def write(self, name: str, values: Any) -> None:
        """A whole array; frames that lie in a file are read as they are written."""
        values = np.asarray(values)
        array = self.create(name, shape=values.shape, dtype=values.dtype)
        if array.shards is None:
            array[...] = values
            return
        for part in windows(values, array.shards[0]):
            array[part] = values[part]

    def write_all(self, arrays: dict[str, Any], *, prefix: str = "") -> None:
        """Several whole arrays."""
        for name, values in arrays.items():
            self.write(f"{prefix}/{name}" if prefix else name, values)

    def add_file(self, name: str, data: bytes) -> None:
        """A picture or another file for people, beside the payload."""
        path = f"{self.prefix}/files/{name}"
        self.sent[path] = hashlib.sha256(data).hexdigest()
        self._objects.write_unflushed(path, data)

    def scratch(self) -> Path:
        """A local folder that survives failures of this fingerprint and goes at commit."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def clear_scratch(self) -> None:
        """Remove what the stage kept for the next try."""
        shutil.rmtree(self._scratch, ignore_errors=True)
