"""Intel RealSense, by ``pyrealsense2``.

No RealSense was ever connected here: what follows was run against librealsense's own software
device, which goes through the same sensors, queues, profiles, pairing and alignment, but has no
USB, no exposure and no global time.

Colour and depth come through a queue each and are paired here by their time stamps: the syncer of
librealsense 2.59 hands out frames of a software device singly. Depth is brought into the colour
camera by librealsense's ``align``, which takes 3 ms for 640x480 where ours takes 100.
"""

import threading
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.librealsense import load_librealsense
from xsim_core.capture.readers.depth_unit import to_mm
from xsim_core.capture.readers.lens import NEGLIGIBLE_PX
from xsim_core.capture.readers.recordings.realsense_playback import intrinsics_of
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera
from xsim_core.robots.driver import CameraFrame

from .camera import CameraInfo, CameraLostError
from .clock import PictureClock
from .realsense_streams import Chosen, Pairs, choose, find_device, frames_of, is_in_place

FIRST_S = 10.0
"""For the first picture: a camera that was just opened settles its exposure."""
SILENCE_S = 1.0
"""Without a picture for so long the camera is lost."""


class RealSenseCamera:
    """One RealSense; a thread of its own takes its pictures, of which the newest is kept."""

    name = "realsense"

    def __init__(self, serial: str = "", *, device: Any = None) -> None:
        """Say which.

        Args:
            serial: of the camera; "": the only one that is connected.
            device: a ``pyrealsense2.device``, in the place of what is connected.
        """
        self._serial, self._device = serial, device
        self._rs: Any = None
        self._context: Any = None
        self._chosen: list[Chosen] = []
        self._clock = PictureClock()
        self._frame: CameraFrame | None = None
        self._heard_s = float("-inf")
        self._problem: str | None = None
        self._has_frame, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="realsense", daemon=True)
        self._lookup: NDArray[np.float32] | None = None

    def connect(self) -> CameraInfo:
        """As ``Camera`` has it.

        Raises:
            MissingDependencyError: without pyrealsense2.
        """
        self._rs = rs = load_librealsense()
        if self._device is None:
            self._context = rs.context()
            self._device = find_device(rs, self._context, self._serial)
        self._chosen = choose(rs, self._device)
        told = intrinsics_of(self._chosen[0].profile.get_intrinsics(), "the camera's colour")
        camera = PinholeCamera(*told.image_wh, told.K) if told.image_wh else None
        assert camera is not None
        lookup, shift_px = told.lens.lookup(told.K, (camera.width, camera.height))
        self._lookup = lookup if shift_px >= NEGLIGIBLE_PX else None
        self._start()
        if not self._has_frame.wait(FIRST_S):
            self.close()
            raise CameraLostError(f"the RealSense sends no pair of pictures within {FIRST_S:g} s.")
        self.frame()
        return CameraInfo(camera, has_depth=len(self._chosen) > 1, times=self._clock.words)

    def frame(self) -> CameraFrame:
        """As ``Camera`` has it."""
        if self._problem is not None:
            raise CameraLostError(self._problem)
        if self._frame is None:
            raise CameraLostError("the RealSense is not connected.")
        if (silent_s := time.monotonic() - self._heard_s) > SILENCE_S:
            raise CameraLostError(f"the RealSense sent no picture for {silent_s:.1f} s.")
        return self._frame

    def close(self) -> None:
        """As ``Camera`` has it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2)
        for chosen in self._chosen:
            chosen.stop()
        self._chosen = []

    def _start(self) -> None:
        try:
            for sensor in {id(c.sensor): c.sensor for c in self._chosen}.values():
                mine = [c for c in self._chosen if c.sensor is sensor]
                sensor.open([c.profile for c in mine])
                sensor.start(mine[0].queue)
        except RuntimeError as error:
            raise BadInputError(f"the RealSense does not start: {error}.") from error
        self._thread.start()

    def _guarded(self) -> None:
        try:
            self._run()
        # librealsense raises RuntimeError for all that a cable can do.
        except Exception as error:  # noqa: BLE001
            self._problem = f"the RealSense is gone: {error}"
        self._has_frame.set()

    def _run(self) -> None:
        rs, pairs = self._rs, Pairs(self._rs, has_depth=len(self._chosen) > 1)
        align = rs.align(rs.stream.color)
        streams = [chosen.profile for chosen in reversed(self._chosen)]
        is_aligned = len(streams) > 1 and is_in_place(*streams)
        while not self._ended.is_set():
            for chosen in self._chosen:
                for frame in frames_of(chosen.queue):
                    pairs.take(frame)
            if (newest := pairs.newest()) is None:
                continue
            colour, both = newest
            now_s = time.monotonic()
            domain = str(colour.get_frame_timestamp_domain()).rpartition(".")[2]
            time_s = self._clock.local(colour.get_timestamp(), domain, now_s=now_s)
            if both is not None and not is_aligned:
                both = align.process(both)
            depth = None if both is None else both.get_depth_frame()
            self._frame = CameraFrame(time_s, self._rgb(colour), self._depth_mm(depth))
            self._heard_s = now_s
            self._has_frame.set()

    def _rgb(self, frame: Any) -> NDArray[np.uint8]:
        # Copied: the buffer is librealsense's and is used again.
        rgb = np.asanyarray(frame.get_data()).astype(np.uint8, copy=True)
        return rgb if self._lookup is None else _flat(rgb, self._lookup, cv2.INTER_LINEAR)

    def _depth_mm(self, frame: Any) -> NDArray[np.uint16] | None:
        if frame is None:
            return None
        stored = np.asanyarray(frame.get_data()).astype(np.uint16, copy=True)
        depth_mm = to_mm(stored[None], round(float(frame.get_units()), 9))[0]
        return (
            depth_mm if self._lookup is None else _flat(depth_mm, self._lookup, cv2.INTER_NEAREST)
        )


def _flat(image: NDArray[Any], lookup: NDArray[np.float32], how: int) -> NDArray[Any]:
    return np.asarray(cv2.remap(image, lookup, None, how))  # type: ignore[call-overload]
