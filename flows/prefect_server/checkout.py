"""The folder that deployments and workers stand on: a checkout, or ``/opt/xsim`` in an image."""

import os
from pathlib import Path

from xsim_core.errors import MissingDependencyError

ROOT = Path(__file__).parents[2]
"""What holds ``flows``: with an installed wheel, ``site-packages``."""
MANIFEST = "prefect.yaml"


def require_checkout(what: str) -> Path:
    """The checkout that this very code lies in.

    Args:
        what: a sentence's subject and verb, such as "xsim deploy reads".

    Raises:
        MissingDependencyError: when the code was installed without its checkout.
    """
    if not (ROOT / MANIFEST).is_file():
        raise MissingDependencyError(
            f"{what} {MANIFEST}, which only a checkout has, and this xsim was installed without "
            f"one (at {ROOT}). Run 'make setup' in a clone, and that clone's .venv/bin/xsim."
        )
    return ROOT


def enter_checkout() -> dict[str, str]:
    """Work in the checkout, in whatever folder the worker was started.

    The pull step of every deployment (``prefect.yaml``). Prefect's own names the folder of the
    machine that deployed, which a container does not have.

    Raises:
        MissingDependencyError: when the worker's xsim was installed without its checkout.
    """
    root = require_checkout("a worker works in the folder of")
    os.chdir(root)  # noqa: TID251 flows name captures below it
    return {"directory": str(root)}
