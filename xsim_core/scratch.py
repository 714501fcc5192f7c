"""Files that appear whole or not at all: written under another name beside, then renamed.

Whoever is killed while it writes leaves a draft, ``.<name>.<12 digits>.draft``, that no reader
looks at; the next process that writes there removes it once it has not grown for an hour. After a
power cut a name holds its old content or its new one. Scratch is no artifact: what cannot be read
is made again.
"""

import contextlib
import errno
import logging
import os
import shutil
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from numpy.typing import NDArray

# NumPy is imported where arrays are: the command line writes text alone, and starts without.

log = logging.getLogger(__name__)

DRAFT_SUFFIX = ".draft"
ABANDONED_S = 3600.0
"""A draft that did not grow for so long has lost its process."""

_swept: set[Path] = set()


@contextlib.contextmanager
def drafted(path: Path, *, durable: bool = True) -> Generator[Path]:
    """A free name beside ``path`` for a file or folder; it becomes ``path`` when the block ends.

    Where the block raises, ``path`` stays as it was. Folders replace no other folder.

    Args:
        path: the final name. Folders above are made.
        durable: flush the file, or all files of the folder, to the disk before it is renamed (some
            2 ms each); without, a power cut may leave empty files under the final name.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        # A device or pipe would be replaced by a file, for everybody.
        raise OSError(errno.EINVAL, "Is no plain file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent not in _swept:
        _swept.add(path.parent)
        remove_stale_drafts(path.parent)
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}{DRAFT_SUFFIX}")
    try:
        yield draft
        if durable:
            flush_tree(draft)
        draft.replace(path)
    finally:
        _remove(draft)


def flush(path: Path) -> None:
    """Wait until a file's bytes, or the names in a folder, are on the disk.

    Raises:
        OSError: when the disk cannot keep them.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # Some file systems flush no folders, and one that may not be listed cannot be opened.
        if error.errno not in (errno.EINVAL, errno.EACCES) or not path.is_dir():
            raise


def flush_tree(path: Path) -> None:
    """``flush`` a file, or a folder with all that lies below it, the folder last."""
    for below in sorted(path.rglob("*"), reverse=True) if path.is_dir() else ():
        if not below.is_symlink():  # What it names is somebody else's, and may not be there.
            flush(below)
    flush(path)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, by names that survive a power cut."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        flush(folder.parent)


@contextlib.contextmanager
def written(path: Path, *, buffering: int = -1, durable: bool = True) -> Generator[BinaryIO]:
    """A binary file to write to, under ``path`` when the block ends; see ``drafted``."""
    with drafted(path, durable=durable) as draft, draft.open("xb", buffering=buffering) as file:
        yield file


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file's content at once."""
    with written(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace a file's content at once, in UTF-8."""
    write_bytes(path, text.encode())


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Replace an ``.npz`` of plain arrays at once, without pickle.

    Raises:
        ValueError: for arrays of objects.
    """
    import numpy as np

    with written(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> "dict[str, NDArray[Any]] | None":
    """What ``write_arrays`` wrote; None where there is nothing, or nothing whole."""
    import zipfile
    import zlib

    import numpy as np

    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    except (ValueError, EOFError, RuntimeError, OSError, zipfile.BadZipFile, zlib.error) as error:
        # Damage also reads as encryption or a foreign packing (RuntimeError), or as a place before
        # the file's beginning (EINVAL); other errors of the system are no damage.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        log.warning("%s is damaged (%s) and is made again", path, error)
        return None


def remove_stale_drafts(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    for draft in folder.glob(f".*.{'[0-9a-f]' * 12}{DRAFT_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # Another process sweeps too.
            # A folder's own time tells nothing of the files within.
            grew_s = max(path.stat().st_mtime for path in (draft, *draft.rglob("*")))
            if time.time() - grew_s > ABANDONED_S:
                _remove(draft)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)
