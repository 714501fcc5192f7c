"""What no capture changes is made once for all runs of a person."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    """``XSIM_CACHE``, or ``~/.cache/xsim``."""
    root = os.environ.get("XSIM_CACHE")
    return Path(root) if root else Path.home() / ".cache" / "xsim"


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, filled by ``make(draft)`` unless it is there."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed, so that two workers starting at once cannot see half of it.
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}_", dir=folder.parent))
    try:
        make(draft)
        draft.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
