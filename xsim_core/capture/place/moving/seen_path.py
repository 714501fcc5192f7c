"""Where a moving camera was in each frame, in a frame of the path's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SeenPath:
    """A path, and by what it is told."""

    T_path_cam: NDArray[np.floating]
    """(t, 4, 4) in metres."""
    has_pose: NDArray[np.bool_]
    """(t,)."""
    told: str
