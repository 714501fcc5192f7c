"""What the environment says about where to work. Read once per call; never part of identity."""

import os
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore, Runtime

MAX_WORKERS = 8
"""More simulator processes than this do not pay for their memory at the demo's sizes."""


class Settings(FrozenModel):
    """Where artifacts, reports and the Prefect server's files lie, and how wide stages run."""

    home: Path
    """``XSIM_HOME``, or ``.xsim`` below the working directory."""
    store_url: str
    """``XSIM_STORE``, or ``store`` below ``home``."""
    runtime: Runtime
    """``XSIM_DEVICE`` (default cpu) and ``XSIM_WORKERS`` (default: the cores this process has)."""

    def open_store(self) -> ArtifactStore:
        """The artifact store."""
        return ArtifactStore(self.store_url)

    @property
    def store_path(self) -> Path | None:
        """The store's folder, or None when it is not on this machine's disk."""
        parsed = urlparse(self.store_url)
        return Path(url2pathname(parsed.path)) if parsed.scheme == "file" else None


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        BadInputError: when ``XSIM_WORKERS`` is not a positive number.
    """
    home = Path(os.environ.get("XSIM_HOME") or ".xsim").expanduser().absolute()
    store_url = os.environ.get("XSIM_STORE") or (home / "store").as_uri()
    if "://" not in store_url:
        store_url = Path(store_url).expanduser().absolute().as_uri()
    runtime = Runtime(device=os.environ.get("XSIM_DEVICE") or "cpu", num_workers=_num_workers())
    return Settings(home=home, store_url=store_url, runtime=runtime)


def _num_workers() -> int:
    text = os.environ.get("XSIM_WORKERS")
    if not text:
        return min(MAX_WORKERS, len(os.sched_getaffinity(0)))
    if not text.isdigit() or int(text) < 1:
        raise BadInputError(f"XSIM_WORKERS is '{text}'. Give a whole number of at least 1.")
    return int(text)
