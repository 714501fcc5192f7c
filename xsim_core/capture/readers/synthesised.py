"""What comes with a synthesised capture: its ground truth, and the world to deploy into."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .foreign import one_line


def read_truth(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a ``truth.npz`` by name.

    Raises:
        BadInputError: when it is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as truth:
            return {str(name): truth[name] for name in truth.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInputError(f"{path} is missing or damaged: {one_line(error)}") from error


def read_world_spec(path: Path) -> tuple[NDArray[np.uint8], str]:
    """The bytes (b,) of a ``world.json``, and the name of its world.

    Raises:
        BadInputError: when it is missing or damaged.
    """
    try:
        spec = path.read_bytes()
        return np.frombuffer(spec, np.uint8), str(json.loads(spec)["name"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInputError(f"{path} is missing or damaged: {one_line(error)}") from error
