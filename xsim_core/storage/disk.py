"""What a disk means when it refuses: in one sentence, with the path and whose it is."""

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from xsim_core.errors import BadInputError, StoreFullError, XSimError

_CODE = re.compile(r"\(os error (\d+)\)")
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


@contextlib.contextmanager
def disk_errors_of(path: Path) -> Iterator[None]:
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
    """The sentence for an error of the operating system, also one that obstore tells as text."""
    code = error.errno if isinstance(error, OSError) and error.errno else None
    if code is None:
        found = _CODE.search(str(error))
        code = int(found.group(1)) if found else None
    there = next(p for p in (path, *path.parents) if os.path.lexists(p))
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
