"""The disk of a ``file://`` store: what survives a power cut, and what it means when it refuses."""

import contextlib
import errno
import os
import re
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xsim_core.errors import BadInputError, StoreFullError, XSimError
from xsim_core.scratch import flush, make_folder

NUM_FLUSHES = 8
"""So many files are flushed at once: the disk then writes them, and its journal, together."""

_NO_OBJECT = re.compile(r"(^|/)\.{0,2}(/|$)|(^|/)[^/#]*#\d+$|[\x00-\x1f\x7f]")
"""What obstore refuses; names that end in #digits it takes for its own unfinished files, and lists
them not: ours are called so too."""

_CODE = re.compile(r"\(os error (\d+)\)")
_LOOP = re.compile(r"loop found: (.+) points to|operation on (.+): Too many levels")
"""obstore's words for a symbolic link that leads in a circle, met while it lists."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class Disk:
    """Small objects that appear whole and stay, and the flushing of those that others wrote.

    After a power cut an object is what it was before or what it was to become; once ``put`` has
    answered, it is the latter.
    """

    def __init__(self, root: Path, *, is_flushed: bool) -> None:
        """Keep the store's folder, and whether to wait for the disk at all."""
        self.root, self._is_flushed = root, is_flushed

    def put(self, path: str, data: bytes, *, is_new: bool) -> bool:
        """Write an object; False if ``is_new`` is asked for and one is there.

        Raises:
            BadInputError: for a path that obstore would not read.
            XSimError, OSError: when the disk refuses.
        """
        if _NO_OBJECT.search(path):
            raise BadInputError(f"{path!r:.200} cannot be the path of an object")
        target = self.root / path
        draft = target.with_name(f"#{int.from_bytes(os.urandom(6))}")
        with disk_errors_of(self.root):
            self._make_folder(target.parent)
            try:
                draft.write_bytes(data)
                if self._is_flushed:
                    flush(draft)
                if is_new:
                    target.hardlink_to(draft)
                else:
                    draft.replace(target)
                self._flush_folder(target.parent)
            except FileExistsError:
                self.settle(path)
                return False
            finally:
                draft.unlink(missing_ok=True)
        return True

    def settle(self, path: str) -> None:
        """Wait until an object that somebody else created survives a power cut.

        Until its name is flushed it has another, by which it was written.
        """
        target = self.root / path
        with contextlib.suppress(FileNotFoundError), disk_errors_of(self.root):
            if target.stat().st_nlink > 1:
                self._flush_folder(target.parent)

    def remove(self, path: str) -> None:
        """Remove an object; it does not return with a power cut."""
        target = self.root / path
        with contextlib.suppress(FileNotFoundError), disk_errors_of(self.root):
            target.unlink()
            self._flush_folder(target.parent)

    def flush(self, paths: Iterable[str]) -> None:
        """Wait until objects are on the disk, under their names.

        Raises:
            XSimError, OSError: when the disk refuses.
        """
        if not self._is_flushed:
            return
        files = [self.root / path for path in paths]
        folders = {f for file in files for f in file.parents if f.is_relative_to(self.root)}
        with disk_errors_of(self.root), ThreadPoolExecutor(NUM_FLUSHES) as threads:
            list(threads.map(flush, files))
            list(threads.map(flush, folders))

    def _make_folder(self, folder: Path) -> None:
        if self._is_flushed:
            make_folder(folder)
        else:
            folder.mkdir(parents=True, exist_ok=True)

    def _flush_folder(self, folder: Path) -> None:
        if self._is_flushed:
            flush(folder)


@contextlib.contextmanager
def disk_errors_of(path: Path) -> Generator[None]:
    """Around work on a store's folder.

    Raises:
        XSimError: for what asking again does not mend; any other error stays as it is.
    """
    try:
        yield
    except OSError as error:
        if said := disk_refusal(path, error):
            raise said from error
        raise


def disk_refusal(path: Path, error: BaseException) -> XSimError | None:
    """The sentence, with the path and whose it is, for an error of the operating system.

    Also for one that obstore tells as text.
    """
    code = error.errno if isinstance(error, OSError) and error.errno else None
    if code is None:
        found = _CODE.search(str(error))
        code = int(found.group(1)) if found else None
    there = next(p for p in (path, *path.parents) if os.path.lexists(p))
    if loop := _LOOP.search(str(error)):
        met = Path(loop[1] or loop[2])
        link = met.parent.resolve() / met.name  # It may have gone round before it was met.
        return BadInputError(
            f"the store {path} cannot be listed: the symbolic link {link} leads in a circle. "
            "Remove the link."
        )
    match code:
        case errno.ENOSPC | errno.EDQUOT:
            return StoreFullError(
                f"no space left for the store {path}. Free some, or name another (XSIM_STORE)."
            )
        case errno.EACCES:
            return BadInputError(
                f"the store's folder {path} is not yours to use: {there} belongs to "
                f"{_owner(there)}. Ask for the right, or name another store (XSIM_STORE)."
            )
        case errno.EROFS:
            return BadInputError(f"the disk of the store {path} is read-only: name another.")
        case errno.ENOTDIR | errno.EEXIST:
            return BadInputError(f"the store {path} cannot be a folder: {there} is a file.")
        case code if code in _NO_LINKS:
            return BadInputError(
                f"the file system of {path} ({_file_system(there)}) has no hard links, by which "
                "two writers are kept apart. Put the store on another disk (XSIM_STORE)."
            )
        case _:
            pass
    return None


def _owner(path: Path) -> str:
    try:
        return f"{path.owner()} (mode {path.stat().st_mode & 0o777:o})"
    except (OSError, KeyError):
        return "somebody else"


def _file_system(path: Path) -> str:
    import psutil

    mounts = [m for m in psutil.disk_partitions(all=True) if path.is_relative_to(m.mountpoint)]
    return max(mounts, key=lambda m: len(m.mountpoint)).fstype if mounts else "unknown"
