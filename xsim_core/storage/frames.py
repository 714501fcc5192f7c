"""Frames at memory-map speed: each array is laid out once in a local file named by its digest."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import obstore
import zarr
from numpy.typing import NDArray

from xsim_core.artifacts.base import Manifest
from xsim_core.errors import BadInputError, CorruptArtifactError

from .payload import check_bytes

_ABSENT = np.uint64(2**64 - 1)


def local_frames(
    backend: Any, manifest: Manifest, array: zarr.Array, name: str, cache_dir: Path
) -> NDArray[Any]:
    """A read-only memory map of one array, verified against the manifest when it is copied.

    Args:
        backend: the store's obstore backend.
        manifest: what the artifact's objects must be.
        array: the array as Zarr sees it.
        name: its name in the payload.
        cache_dir: where the files lie; they can be deleted at any time.
    """
    folder = f"{manifest.attempt}/data.zarr/{name}/"
    records = {o.path: o for o in manifest.objects if o.path.startswith(folder)}
    parts = sorted(f"{p[len(folder) :]} {r.sha256}" for p, r in records.items())
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    _private_folder(cache_dir)
    path = cache_dir / f"{key}.npy"
    if not path.exists():
        handle, partial = tempfile.mkstemp(dir=cache_dir, suffix=".partial")
        os.close(handle)
        try:
            target = np.lib.format.open_memmap(
                partial, mode="w+", dtype=array.dtype, shape=array.shape
            )
            _fill(target, backend, manifest, array, folder)
            target.flush()
            del target
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.geteuid():
        raise BadInputError(
            f"the cache {folder} belongs to another user, who could swap its contents. "
            "Name a folder of your own (XSIM_HOME)."
        )


def _fill(
    target: NDArray[Any], backend: Any, manifest: Manifest, array: zarr.Array, folder: str
) -> None:
    step = (array.shards or array.chunks)[0] if array.ndim else 1
    is_raw = _is_raw_frames(array)
    records = {o.path: o for o in manifest.objects}
    for start in range(0, array.shape[0], step) if array.ndim else ():
        stop = min(start + step, array.shape[0])
        path = f"{folder}c/{start // step}" + "/0" * (array.ndim - 1)
        if not is_raw:
            target[start:stop] = np.asarray(array[start:stop])
        elif path in records:
            where = f"{manifest.ref}/{path}"
            data = obstore.get(backend, where).bytes()
            check_bytes(memoryview(data), records[path], where)
            _unpack_shard(memoryview(data), target[start:stop], step, where)
    if not array.ndim:
        target[...] = np.asarray(array[...])


def _is_raw_frames(array: zarr.Array) -> bool:
    """One uncompressed frame a chunk, under a checksum, in shards along time."""
    meta: Any = array.metadata
    codec = meta.codecs[0].to_dict()
    if codec["name"] != "sharding_indexed" or array.dtype.kind != "u" or array.dtype.itemsize != 1:
        return False
    inner = codec["configuration"]
    names = [c["name"] for c in inner["codecs"]]
    whole = array.shards is not None and tuple(array.shards[1:]) == tuple(array.shape[1:])
    return (
        whole
        and names == ["bytes", "crc32c"]
        and tuple(inner["chunk_shape"]) == (1, *array.shape[1:])
        and str(getattr(inner["index_location"], "value", inner["index_location"])) == "end"
    )


def _unpack_shard(data: memoryview, target: NDArray[Any], step: int, where: str) -> None:
    """Frames out of a shard: ``frame crc`` … then (offset, size) for each, and their crc."""
    index = data[-(16 * step + 4) : -4]
    crc = int.from_bytes(data[-4:], "little")
    if len(index) != 16 * step or google_crc32c.value(bytes(index)) != crc:
        raise CorruptArtifactError(f"{where}: the shard's index is damaged")
    entries = np.frombuffer(index, "<u8").reshape(step, 2)[: len(target)]
    frame_bytes = target[0].nbytes if len(target) else 0
    for frame, (offset, size) in zip(target, entries, strict=True):
        if offset == _ABSENT:
            frame[...] = 0  # Zarr does not write frames that are all fill value.
            continue
        end = int(offset) + frame_bytes
        if int(size) != frame_bytes + 4 or end > len(data):
            raise CorruptArtifactError(f"{where}: the shard's index points outside the shard")
        frame[...] = np.frombuffer(data[int(offset) : end], target.dtype).reshape(frame.shape)
