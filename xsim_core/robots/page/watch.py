"""Between a session on a robot and whoever looks at it.

The session lays down references and goes on: nothing is copied, drawn or sent here, so that the
control loop pays nothing, whether somebody looks or not.
"""

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import TexturedMesh
from xsim_core.robots.recording import Outcome

Press = Literal["go on", "success", "failure", "stop"]
"""Of the page's buttons; ``go on`` is what Enter is at the terminal."""
PATH_STEPS = 100
"""Of the TCP's way that are kept: ten seconds at ten a second."""


@dataclass(frozen=True)
class Moment:
    """One control step, as it was."""

    seed: int
    step: int
    time_s: float
    """Since the attempt began."""
    held_back_by: str
    """Why the robot does not do what was asked; empty where it does."""
    picture_to_chunk_s: float
    """Of the latest chunk; NaN before the first."""
    thinking_s: float
    """Of the latest chunk."""
    target: NDArray[np.float64]
    """(3,) where the TCP was sent, world frame."""


class Place(NamedTuple):
    """Where an object is to lie."""

    T_world_object: NDArray[np.float64]
    mesh: TexturedMesh


class Asked(NamedTuple):
    """What a person is asked to do, and where the object goes."""

    words: str
    place: Place | None = None


class Watch:
    """Written by the session, read by the page; presses go the other way."""

    def __init__(self) -> None:
        self.moment: Moment | None = None
        self.asked: Asked | None = None
        self.path: deque[NDArray[np.float64]] = deque(maxlen=PATH_STEPS)
        """TCP positions (3,) of the latest control steps."""
        self.outcomes: Counter[Outcome] = Counter()
        self.is_stopped = False
        """Whether stop was pressed: for good."""
        self._lock, self._pressed = threading.Lock(), set[Press]()

    def begin(self) -> None:
        """An attempt begins: what was pressed before does not count."""
        self.moment, self.asked = None, None
        self.path.clear()
        with self._lock:
            self._pressed.clear()

    def show(self, moment: Moment, position: NDArray[np.float64]) -> None:
        """A control step, with where the TCP (3,) was."""
        self.moment = moment
        self.path.append(position)

    def end(self, outcome: Outcome) -> None:
        """An attempt came to this."""
        self.outcomes[outcome] += 1

    def press(self, press: Press) -> None:
        """A button was pressed."""
        if press == "stop":
            self.is_stopped = True
        with self._lock:
            self._pressed.add(press)

    def take(self, press: Press) -> bool:
        """Whether it was pressed since this was asked last."""
        with self._lock:
            was = press in self._pressed
            self._pressed.discard(press)
        return was

    def decided(self) -> Outcome | None:
        """What a person says of the attempt; None while nothing was pressed."""
        if self.is_stopped:
            return "stopped"
        if self.take("success"):
            return "success"
        return "failure" if self.take("failure") else None
