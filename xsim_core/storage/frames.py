"""Frames at memory-map speed: each array is laid out once in a local file named by its digest."""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import google_crc32c
import numpy as np
import zarr
from numpy.typing import NDArray

from xsim_core.artifacts.base import Manifest
from xsim_core.errors import BadInputError, CorruptArtifactError
from xsim_core.scratch import remove_stale_drafts, written

from .object_store.objects import Objects

KEEP_S = 14 * 86400.0
"""Copies that nobody opened for so long are removed when another one is made."""

WRITE_BYTES = 32 << 20
"""Random reads of a copy written frame by frame, or through a mapping, take 10 to 20 % longer than
of one written in large pieces (docs/benchmarks.md)."""

_ABSENT = np.uint64(2**64 - 1)


def local_frames(
    objects: Objects, manifest: Manifest, array: zarr.Array, name: str, cache_dir: Path
) -> NDArray[Any]:
    """A read-only memory map of one array, verified against the manifest when it is copied.

    Args:
        objects: the store's objects.
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
    frames = _mapped(path, array)
    if frames is None:
        _sweep(cache_dir)
        _copy(path, array, objects, manifest, folder)
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    return frames


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.geteuid():
        raise BadInputError(
            f"the cache {folder} belongs to another user, who could swap its contents. "
            "Name a folder of your own (XSIM_HOME)."
        )


def _mapped(path: Path, array: zarr.Array) -> NDArray[Any] | None:
    """The copy, if there is a whole one; a power cut may have left less than that."""
    try:
        os.utime(path)
        frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return frames if (frames.shape, frames.dtype) == (array.shape, array.dtype) else None


def _sweep(folder: Path) -> None:
    """Remove copies long unused and pieces of killed processes; who has one mapped keeps it."""
    remove_stale_drafts(folder)
    for path in folder.glob("*.npy"):
        with contextlib.suppress(FileNotFoundError):  # Another process sweeps too.
            if time.time() - path.stat().st_mtime > KEEP_S:
                path.unlink()


def _copy(path: Path, array: zarr.Array, objects: Objects, manifest: Manifest, folder: str) -> None:
    """Lay the array out in a file that appears only when it is whole.

    It is written, not mapped: on a full disk a write is an error, a mapping kills the process.
    """
    with written(path, buffering=WRITE_BYTES, durable=False) as out:
        _write_header(out, array)
        for piece in _pieces(array, objects, manifest, folder):
            out.write(piece)


def _write_header(out: BinaryIO, array: zarr.Array) -> None:
    descr = np.lib.format.dtype_to_descr(array.dtype)
    header = {"descr": descr, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(out, header)


def _pieces(
    array: zarr.Array, objects: Objects, manifest: Manifest, folder: str
) -> Iterator[memoryview]:
    """The array's bytes in order."""
    if not array.ndim:
        yield np.asarray(array[...]).reshape(1).data
        return
    step = (array.shards or array.chunks)[0]
    is_raw = _is_raw_frames(array)
    records = {o.path: o for o in manifest.objects}
    for start in range(0, array.shape[0], step):
        count = min(step, array.shape[0] - start)
        path = f"{folder}c/{start // step}" + "/0" * (array.ndim - 1)
        if not is_raw:
            yield np.ascontiguousarray(array[start : start + count]).data
        elif path in records:
            where = f"{manifest.ref}/{path}"
            frame_bytes = int(np.prod(array.shape[1:]))
            data = objects.read_checked(where, records[path])
            yield from _frames_of_shard(data, count, frame_bytes, step, where)
        else:
            # Zarr does not write shards that are all fill value.
            yield np.zeros((count, *array.shape[1:]), array.dtype).data


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


def _frames_of_shard(
    data: memoryview, count: int, frame_bytes: int, step: int, where: str
) -> Iterator[memoryview]:
    """Frames out of a shard: ``frame crc`` … then (offset, size) for each, and their crc."""
    index = data[-(16 * step + 4) : -4]
    crc = int.from_bytes(data[-4:], "little")
    if len(index) != 16 * step or google_crc32c.value(bytes(index)) != crc:
        raise CorruptArtifactError(f"{where}: the shard's index is damaged")
    for offset, size in np.frombuffer(index, "<u8").reshape(step, 2)[:count]:
        if offset == _ABSENT:
            yield memoryview(bytes(frame_bytes))  # Nor frames that are.
            continue
        end = int(offset) + frame_bytes
        if int(size) != frame_bytes + 4 or end > len(data):
            raise CorruptArtifactError(f"{where}: the shard's index points outside the shard")
        yield data[int(offset) : end]
