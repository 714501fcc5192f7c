"""Where a store lies when nobody says: the one rule for notebooks, the command line and workers."""

import os
from pathlib import Path

from xsim_core.errors import BadInputError
from xsim_core.files.folders import expanded

from .address import canonical_url

HOME, STORE, FSYNC = "XSIM_HOME", "XSIM_STORE", "XSIM_STORE_FSYNC"
FOLDER = ".xsim"
_CHECKOUT = Path(__file__).parents[3]


def home_folder() -> Path:
    """``XSIM_HOME``, or the ``.xsim`` that is meant from here; absolute, and maybe not yet made.

    That is the one in the working directory or the nearest above it that this user owns; where
    there is none, the one of the checkout that the working directory is in, or else its own.

    Raises:
        BadInputError: when ``XSIM_HOME`` begins with a home folder that is not known here.
    """
    if given := os.environ.get(HOME):
        return expanded(given, HOME).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _is_ours(folder / FOLDER, anyone=folder == here):
            return folder / FOLDER
    is_checkout = (_CHECKOUT / "pyproject.toml").is_file() and here.is_relative_to(_CHECKOUT)
    return (_CHECKOUT if is_checkout else here) / FOLDER


def store_url(where: str | Path | None = None) -> str:
    """The URL of a store.

    Args:
        where: a URL, or a folder; by default ``XSIM_STORE``, or ``store`` below ``home_folder()``.

    Raises:
        UnknownNameError, BadInputError: when it is no address of a store (see ``canonical_url``).
    """
    return canonical_url(where or os.environ.get(STORE) or home_folder() / "store")


def is_store_flushed() -> bool:
    """Whether stores on a disk wait for it: ``XSIM_STORE_FSYNC``, 1 by default.

    Raises:
        BadInputError: when that is neither 0 nor 1.
    """
    given = os.environ.get(FSYNC) or "1"
    if given not in ("0", "1"):
        raise BadInputError(
            f"{FSYNC} is '{given}'. Give 1, or 0 for a store that a power cut may damage."
        )
    return given == "1"


def _is_ours(folder: Path, *, anyone: bool) -> bool:
    """Whether it is such a folder. Above the working directory another's could be a trap."""
    try:
        return folder.is_dir() and (anyone or folder.stat().st_uid == os.getuid())
    except OSError:
        return False
