"""What comes with a synthesised capture: its ground truth, and the world to deploy into."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .foreign import reading

MEND = "Make the capture again: xsim capture synthesize."


def read_truth(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a ``truth.npz`` by name.

    Raises:
        BadInputError: when it is missing or damaged.
    """
    with reading(path, MEND):
        if path.is_file() and not zipfile.is_zipfile(path):
            # NumPy would take it for a pickle, and say how to load that.
            raise BadInputError(f"{path} is damaged: it is no NPZ archive. {MEND}")
        with np.load(path, allow_pickle=False) as truth:
            return {str(name): truth[name] for name in truth.files}


def read_world_spec(path: Path) -> tuple[NDArray[np.uint8], str]:
    """The bytes (b,) of a ``world.json``, and the name of its world.

    Raises:
        BadInputError: when it is missing or damaged.
    """
    with reading(path, MEND):
        spec = path.read_bytes()
        return np.frombuffer(spec, np.uint8), str(json.loads(spec)["name"])
