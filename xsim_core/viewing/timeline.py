"""What moves, as steps that a slider goes through."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Timeline:
    """Something that moves: the film, or an episode."""

    name: str
    num_steps: int
    fps: float
    show: Callable[[int], None]
    """Puts everything where it is at a step."""
    groups: tuple[str, ...] = ()
    """What is shown with it and hidden with others, as the viewer's boxes are called."""
    picture: Callable[[int], NDArray[np.uint8]] | None = None
    """The image (h, w, 3) RGB of a step, where there are images."""
    told: Callable[[int], str] | None = None
    """A line on a step."""
