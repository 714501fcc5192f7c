"""Where a worker runs deployed flows: the folder of the very code that it imports."""

import os
from pathlib import Path


def enter_checkout() -> dict[str, str]:
    """Work in the folder that holds ``flows``: a checkout, or ``/opt/xsim`` in an image.

    The pull step of every deployment (``prefect.yaml``). Prefect's own names the folder of the
    machine that deployed, which a container does not have.
    """
    root = Path(__file__).parents[2]
    os.chdir(root)  # noqa: TID251 flows name captures below it
    return {"directory": str(root)}
