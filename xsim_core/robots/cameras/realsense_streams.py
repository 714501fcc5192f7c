"""Which streams of a RealSense are taken, and which depth belongs to which colour."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from xsim_core.errors import BadInputError

PREFERRED_WH = (640, 480)
PREFERRED_FPS = 30
KEPT_FRAMES = 4
"""Of each queue: a frame holds a buffer of librealsense, which has few."""
WAIT_MS = 5


def is_in_place(depth: Any, colour: Any) -> bool:
    """Whether two profiles see the same pixel by pixel: ``align`` would only harm such depth.

    librealsense 2.59's leaves holes, and moves pixels by one, even there.
    """
    of = [profile.get_intrinsics() for profile in (depth, colour)]
    numbers = [(i.width, i.height, i.fx, i.fy, i.ppx, i.ppy) for i in of]
    place = depth.get_extrinsics_to(colour)
    rests = np.allclose(place.rotation, np.eye(3).ravel()) and not np.any(place.translation)
    return bool(np.allclose(*numbers, atol=1e-3) and rests)


@dataclass(frozen=True)
class Chosen:
    """One stream: its sensor, its profile, and the queue that receives it."""

    sensor: Any
    profile: Any
    queue: Any

    def stop(self) -> None:
        """End it; one that never began or is gone is left."""
        with suppress(RuntimeError):
            self.sensor.stop()
        with suppress(RuntimeError):
            self.sensor.close()


def find_device(rs: Any, context: Any, serial: str, *, flag: str = "--camera realsense:") -> Any:
    """The camera of this serial number, or the only one; it must not outlive the context.

    ``flag`` is how a person says which.

    Raises:
        BadInputError: when there is none, another, or several.
    """
    found = {
        device.get_info(rs.camera_info.serial_number): device
        for device in context.query_devices()
        if device.supports(rs.camera_info.serial_number)
    }
    if not found:
        raise BadInputError(
            "no RealSense is connected here. Plug one in; rs-enumerate-devices lists what "
            "librealsense sees."
        )
    if serial and serial not in found:
        raise BadInputError(
            f"no RealSense with serial number {serial} is connected: {', '.join(sorted(found))} is."
        )
    if not serial and len(found) > 1:
        raise BadInputError(
            f"{len(found)} RealSense cameras are connected: say which with {flag}SERIAL, "
            f"of {', '.join(sorted(found))}."
        )
    return found[serial] if serial else next(iter(found.values()))


def choose(rs: Any, device: Any) -> list[Chosen]:
    """Colour, and depth where there is any; 640x480 at 30 a second where there is that.

    Streams of one sensor share its queue.

    Raises:
        BadInputError: without colour as RGB8.
    """
    chosen: list[Chosen] = []
    # Asked once: each answer wraps the same sensors anew.
    sensors = list(device.query_sensors())
    for kind, form in ((rs.stream.color, rs.format.rgb8), (rs.stream.depth, rs.format.z16)):
        offered = [
            (_distance(profile.as_video_stream_profile()), i, sensor, profile)
            for i, sensor in enumerate(sensors)
            for profile in sensor.get_stream_profiles()
            if profile.stream_type() == kind and profile.format() == form
        ]
        if not offered and kind == rs.stream.color:
            raise BadInputError(
                "this RealSense has no colour stream (RGB8), and policies see colour."
            )
        if offered:
            _, _, sensor, profile = min(offered, key=lambda o: o[:2])
            shared = next((c for c in chosen if c.sensor is sensor), None)
            queue = rs.frame_queue(KEPT_FRAMES) if shared is None else shared.queue
            chosen.append(Chosen(sensor, profile.as_video_stream_profile(), queue))
    return chosen


def _distance(profile: Any) -> tuple[int, int]:
    """How far a mode is from the preferred one: in pixels, then in frames a second."""
    width, height = PREFERRED_WH
    apart = abs(profile.width() - width) + abs(profile.height() - height)
    return apart, abs(profile.fps() - PREFERRED_FPS)


def frames_of(queue: Any) -> Iterator[Any]:
    """What came since; waits a moment for the first."""
    is_there, frame = queue.try_wait_for_frame(WAIT_MS)
    while is_there and frame:
        yield frame
        frame = queue.poll_for_frame()
        is_there = bool(frame)


class Pairs:
    """Colour frames, each with the depth that is nearest in time."""

    def __init__(self, rs: Any, *, has_depth: bool) -> None:
        self._rs, self._has_depth = rs, has_depth
        self._colour: deque[Any] = deque(maxlen=2)
        self._depth: deque[Any] = deque(maxlen=2)
        self._both: list[Any] = []
        self._queue = rs.frame_queue(1)
        self._block = rs.processing_block(self._compose)
        self._block.start(self._queue)

    def take(self, frame: Any) -> None:
        """Keep a frame of either stream, or those of a set."""
        if frame.is_frameset():
            for part in frame.as_frameset():
                self.take(part)
            return
        is_depth = frame.get_profile().stream_type() == self._rs.stream.depth
        (self._depth if is_depth else self._colour).append(frame)

    def newest(self) -> tuple[Any, Any | None] | None:
        """The newest colour frame that is not out yet, and the set of it and its depth.

        None while there is none: a colour frame waits for its depth, which is at most half a frame
        away, until a newer one takes its place.
        """
        for i in reversed(range(len(self._colour))):
            colour = self._colour[i]
            if not self._has_depth:
                self._drop(i)
                return colour, None
            half_ms = 500 / max(1, colour.get_profile().fps())
            near = min(self._depth, key=lambda d: _apart_ms(d, colour), default=None)
            if near is not None and _apart_ms(near, colour) <= half_ms:
                self._drop(i)
                return colour, self._set_of(near, colour)
        return None

    def _drop(self, last: int) -> None:
        for _ in range(last + 1):
            self._colour.popleft()

    def _set_of(self, depth: Any, colour: Any) -> Any:
        """Frames as a frameset, which ``align`` takes."""
        self._both = [depth, colour]
        self._block.invoke(depth)
        is_there, made = self._queue.try_wait_for_frame(1000)
        if not is_there:
            raise RuntimeError("a pair of frames was not composed")
        return made.as_frameset()

    def _compose(self, _: Any, source: Any) -> None:
        source.frame_ready(source.allocate_composite_frame(self._both))


def _apart_ms(one: Any, other: Any) -> float:
    return abs(float(one.get_timestamp()) - float(other.get_timestamp()))
