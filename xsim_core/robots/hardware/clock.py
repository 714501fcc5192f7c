"""Times that a robot tells by a clock of its own, on this machine's."""

import math
import time


class RobotClock:
    """The difference of two clocks is that of the message that came fastest so far.

    A robot that says the same time again is as old as that; so it goes stale, and safety brakes. A
    clock that begins anew does so too, until the driver connects again.
    """

    def __init__(self) -> None:
        self._offset_s = math.inf

    def local(self, robot_s: float, *, now_s: float | None = None) -> float:
        """When it was so, on ``time.monotonic``.

        Args:
            robot_s: as the robot says it.
            now_s: when that was heard; now by default.
        """
        heard_s = time.monotonic() if now_s is None else now_s
        self._offset_s = min(self._offset_s, heard_s - robot_s)
        return robot_s + self._offset_s
