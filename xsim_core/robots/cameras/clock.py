"""When a picture was taken, on this machine's clock, from what librealsense says of it.

librealsense names, with each frame, the clock of its time stamp (``timestamp_domain``): the
camera's own counter, that counter laid on the host's wall clock by librealsense (*global time*), or
only the moment at which the host received the frame.
"""

import time

from xsim_core.robots.hardware.clock import RobotClock

TIMES = {
    "hardware_clock": (
        "the camera's own clock, laid on this machine's by the picture that came fastest: what "
        "that one took to arrive is not in it"
    ),
    "global_time": (
        "the camera's own clock, laid on this machine's wall clock by librealsense (global time)"
    ),
    "system_time": (
        "this machine's, when it received the picture: exposure and transfer are not in it, so "
        "pictures are older than they say"
    ),
}
"""By librealsense's name of the clock."""


class PictureClock:
    """Times of one camera's pictures."""

    def __init__(self) -> None:
        self._own, self._last_s = RobotClock(), float("-inf")
        self.domain = ""

    def local(
        self, said_ms: float, domain: str, *, now_s: float, wall_s: float | None = None
    ) -> float:
        """When it was taken, on ``time.monotonic``; never later than it was heard.

        A counter that steps back, as one of 32 bits of microseconds does every 71.6 minutes, is
        laid anew, as if the picture had come at once.

        Args:
            said_ms: frame's time stamp, milliseconds.
            domain: its clock, by librealsense's name; one that is not known is not believed.
            now_s: when the frame was heard.
            wall_s: ``time.time`` at the same moment.
        """
        self.domain = domain
        said_s = said_ms / 1000
        match domain:
            case "hardware_clock":
                if said_s < self._last_s:
                    self._own = RobotClock()
                self._last_s = said_s
                taken_s = self._own.local(said_s, now_s=now_s)
            case "global_time" | "system_time":
                taken_s = said_s - (time.time() if wall_s is None else wall_s) + now_s
            case _:
                taken_s = now_s
        return min(taken_s, now_s)

    @property
    def words(self) -> str:
        """What the last time rests on."""
        unknown = f"a clock called '{self.domain}', not believed: when the picture was received"
        return TIMES.get(self.domain, unknown)
