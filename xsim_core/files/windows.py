"""Arrays larger than memory: they lie in files, and are worked through in windows.

A mapped file's pages count as memory of the process that touched them until it lets go of them;
what was written stays in the file. Whole-array expressions over a film of minutes take gigabytes:
go through ``windows`` instead.
"""

import contextlib
import mmap
import os
import tempfile
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

WINDOW_BYTES = 64 << 20

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


def windows(array: NDArray[Any], length: int | None = None) -> Iterator[slice]:
    """Slices that cover the first axis; what a file maps of ``array`` is let go after each.

    Args:
        array: (n, ...).
        length: rows of each but the last; by default as many as ``WINDOW_BYTES`` hold.
    """
    if length is None:
        length = max(1, WINDOW_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), length):
        yield slice(start, min(start + length, len(array)))
        let_go(array)


def each(images: NDArray[Any], chosen: Iterable[int] | None = None) -> Iterator[NDArray[Any]]:
    """Rows of an array (n, ...), all of them or those of these indices; each is let go behind."""
    for i in range(len(images)) if chosen is None else chosen:
        yield images[i]
        let_go(images)


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory of a file's mapping, whole; its content is read again when used."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and base.mode == "c":
            return  # Private pages are nowhere else.
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)


@contextlib.contextmanager
def arrays_below(folder: Path) -> Generator[None]:
    """Within the block ``empty`` makes files in ``folder``, whose owner removes them."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


@contextlib.contextmanager
def temporary_arrays(folder: Path) -> Generator[None]:
    """As ``arrays_below``, in a folder of their own in ``folder`` that is removed with the block.

    What still maps one of them keeps it until it is forgotten.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place, arrays_below(Path(place)):
        yield


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array to fill: a file's within ``arrays_below``, else memory.

    Raises:
        OSError: when the disk has no room for all of it.
    """
    folder, dtype = _folder.get(), np.dtype(dtype)
    num_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if folder is None or num_bytes < mmap.PAGESIZE:
        return np.empty(shape, dtype)
    path = folder / f"{uuid.uuid4().hex}.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with path.open("rb+") as file:
        # A page of a sparse file that finds the disk full kills the process that writes it.
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def shortened(array: NDArray[Any], num_rows: int) -> NDArray[Any]:
    """The first rows of an array that ``empty`` made; its file gives up the room of the others.

    ``array`` itself must not be used any more.
    """
    if not isinstance(array, np.memmap) or array.filename is None:
        return array[:num_rows]
    path, kept = Path(array.filename), array[:num_rows]
    with path.open("rb+") as file:
        # NumPy leaves room in the header for a first axis of any length.
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(kept))
        if file.tell() != array.offset:
            raise ValueError(f"{path}: the header of {kept.shape} is not as long as its place")
        file.truncate(array.offset + kept.nbytes)
    return np.lib.format.open_memmap(path, mode="r+")


def save(path: Path, array: NDArray[Any]) -> None:
    """Save an ``.npy``; an array that ``empty`` made in the same folder only changes its name."""
    if isinstance(array, np.memmap) and array.filename is not None:
        made = Path(array.filename)
        whole = np.load(made, mmap_mode="r", allow_pickle=False)
        if made.parent == path.parent and _is_laid_out_as(array, whole):
            made.replace(path)
            return
    np.save(path, array, allow_pickle=False)


def _is_laid_out_as(array: NDArray[Any], whole: NDArray[Any]) -> bool:
    """Whether a mapping shows all of its file, unturned: a view keeps the file's name."""
    first: Any = array
    while hasattr(first.base, "ctypes"):  # The last of them stands on a mapping, no array.
        first = first.base
    return (array.shape, array.dtype, array.strides) == (
        whole.shape,
        whole.dtype,
        whole.strides,
    ) and array.ctypes.data == first.ctypes.data


class Spool:
    """Keeps images whose number is not known before, in blocks as ``empty`` makes them."""

    def __init__(self) -> None:
        self._block: NDArray[Any] = np.empty((0,))
        self._num_used = 0

    def add(self, image: NDArray[Any]) -> NDArray[Any]:
        """A copy of the image, as a view of its block."""
        is_alike = self._block.shape[1:] == image.shape and self._block.dtype == image.dtype
        if not is_alike or self._num_used == len(self._block):
            # Images that differ in size are refused in the end: blocks of one take no room.
            is_first = self._block.ndim == 1
            length = WINDOW_BYTES // max(1, image.nbytes) if is_alike or is_first else 1
            self._block = empty((max(1, length), *image.shape), image.dtype)
            self._num_used = 0
        kept = self._block[self._num_used]
        kept[...] = image
        self._num_used += 1
        let_go(kept)
        return kept
