"""What no capture changes is made once for all runs of a person."""

import os
from collections.abc import Callable
from pathlib import Path

from xsim_core.files.folders import expanded
from xsim_core.scratch import drafted


def cache_folder() -> Path:
    """``XSIM_CACHE``, or ``~/.cache/xsim``.

    Raises:
        BadInputError: when that begins with a home folder that is not known here.
    """
    return expanded(os.environ.get("XSIM_CACHE") or "~/.cache/xsim", "XSIM_CACHE")


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, filled by ``make(draft)`` unless it is there."""
    if folder.exists():
        return folder
    try:
        with drafted(folder) as draft:
            draft.mkdir()
            make(draft)
    except OSError:
        if not folder.exists():  # Where it does, another process was quicker.
            raise
    return folder
