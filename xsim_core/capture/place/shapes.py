"""The shapes that a pose is written in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line


def shaped(values: Any, source: str) -> NDArray[np.float64]:
    """Finite numbers in one of the shapes that a pose is written in.

    Raises:
        BadInputError: with ``source``.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{source} is no matrix of numbers: {one_line(error)}") from error
    array = array.reshape([n for n in array.shape if n != 1])
    if array.shape not in ((4, 4), (3, 4), (16,), (12,)):
        shape = "x".join(map(str, array.shape)) or "one number"
        raise BadInputError(
            f"{source} is {shape}; the camera's pose is 4x4 (or 3x4, or those numbers in a row)"
        )
    if not np.isfinite(array).all():
        raise BadInputError(f"{source} holds values that are not finite")
    return array
