"""Where a store lies when nobody says: the one rule for notebooks, the command line and workers."""

import os
from pathlib import Path

HOME, STORE = "XSIM_HOME", "XSIM_STORE"


def home_folder() -> Path:
    """``XSIM_HOME``, or ``.xsim`` below the working directory; absolute, and not yet made."""
    return Path(os.environ.get(HOME) or ".xsim").expanduser().absolute()


def store_url(where: str | Path | None = None) -> str:
    """The URL of a store.

    Args:
        where: a URL, or a folder; by default ``XSIM_STORE``, or ``store`` below ``home_folder()``.
    """
    where = where or os.environ.get(STORE) or home_folder() / "store"
    if "://" in str(where):
        return str(where)
    return Path(where).expanduser().absolute().as_uri()
