"""RealSense recordings (.db3, .bag) read through librealsense."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3

from .librealsense import load_librealsense
from .streams import Streams

STALL_S = 15.0
"""Some files hang librealsense at their end (librealsense #7932, #10312)."""


END_GRACE_S = 0.3
QUEUE_FRAMES = 1_000_000


class StalledRecordingError(BadInputError):
    """librealsense delivers no more frames and does not say that the file has ended."""


def read_with_librealsense(path: Path) -> Streams:
    """Every frame of both streams.

    Real time is switched off *before* the sensors start and each has its own queue; the pipeline
    API loses the first frame of .bag files.

    Raises:
        BadInputError: when librealsense refuses the file.
        StalledRecordingError: when it stalls.
    """
    rs = load_librealsense()
    try:
        # The device must not outlive its context.
        context = rs.context()
        device = context.load_device(str(path))
        device.set_real_time(False)
        sensors = device.query_sensors()
    except RuntimeError as error:
        raise BadInputError(
            f"{path} cannot be opened as a RealSense recording ({error}). "
            "It may be truncated: was the recorder stopped properly?"
        ) from error
    streams = Streams()
    chosen = _open_sensors(rs, sensors, streams)
    queues = []
    for sensor, profiles in chosen:
        sensor.open(profiles)
        # Never full: pyrealsense2 takes the queue for a Python callback (it has __call__), which
        # would wait for room while holding the interpreter's lock, for ever.
        queue = rs.frame_queue(QUEUE_FRAMES, keep_frames=True)
        queues.append(queue)
        sensor.start(queue)
    try:
        frames = _drain(rs, device, queues, path)
    finally:
        for sensor, _ in chosen:
            sensor.stop()
            sensor.close()
    _sort(frames, streams)
    return streams


def _open_sensors(rs: Any, sensors: list[Any], streams: Streams) -> list[tuple[Any, list[Any]]]:
    """The sensors with a depth or colour stream; fills in cameras and units."""
    chosen, depth_profile, colour_profile = [], None, None
    for sensor in sensors:
        wanted = []
        for profile in sensor.get_stream_profiles():
            kind = profile.stream_type()
            if kind == rs.stream.depth and depth_profile is None:
                depth_profile = profile.as_video_stream_profile()
                streams.K_depth = _K(depth_profile.get_intrinsics())
                if sensor.supports(rs.option.depth_units):
                    streams.depth_unit_m = round(float(sensor.get_option(rs.option.depth_units)), 9)
            elif kind == rs.stream.color and colour_profile is None:
                colour_profile = profile.as_video_stream_profile()
                streams.K_colour = _K(colour_profile.get_intrinsics())
            else:
                continue
            wanted.append(profile)
        if wanted:
            chosen.append((sensor, wanted))
    if depth_profile is not None and colour_profile is not None:
        extrinsics = depth_profile.get_extrinsics_to(colour_profile)
        # librealsense stores rotations column by column.
        R = np.array(extrinsics.rotation).reshape(3, 3).T
        streams.T_colour_depth = make_se3(R, extrinsics.translation)
    return chosen


def _drain(rs: Any, device: Any, queues: list[Any], path: Path) -> list[Any]:
    """All frames until the file has ended, as (is_depth, seconds, encoding, pixels)."""
    frames: list[Any] = []
    quiet_since = time.monotonic()
    while True:
        # Asked before the queues are emptied: what arrived before the end is then still fetched.
        ended = device.current_status() == rs.playback_status.stopped
        before = len(frames)
        for queue in queues:
            ok, frame = queue.try_wait_for_frame(20)
            if ok and frame:
                _keep(rs, frame, frames)
        if len(frames) > before:
            quiet_since = time.monotonic()
        quiet_s = time.monotonic() - quiet_since
        # The first frames of a short file may come after its end was announced.
        if ended and quiet_s > END_GRACE_S:
            return frames
        if quiet_s > STALL_S:
            raise StalledRecordingError(f"{path}: librealsense stalled after {len(frames)} frames")


def _keep(rs: Any, frame: Any, frames: list[Any]) -> None:
    if frame.is_frameset():
        for part in frame.as_frameset():
            _keep(rs, part, frames)
        return
    profile = frame.get_profile()
    # The buffer belongs to librealsense and is used again. Nothing is imported or converted here:
    # importing a module while librealsense's threads run can deadlock.
    pixels = np.asanyarray(frame.get_data()).copy()
    is_depth = profile.stream_type() == rs.stream.depth
    frames.append((is_depth, frame.get_timestamp() / 1000, str(profile.format()), pixels))


def _sort(frames: list[Any], streams: Streams) -> None:
    for is_depth, stamp_s, encoding, pixels in frames:
        if is_depth:
            streams.depth.append((stamp_s, pixels.astype(np.uint16, copy=False)))
        else:
            streams.colour.append((stamp_s, to_rgb(pixels, encoding.split(".")[-1])))


def to_rgb(data: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """An RGB image from one of librealsense's colour formats.

    Raises:
        BadInputError: for formats we do not know.
    """
    import cv2

    match encoding.lower():
        case "rgb8":
            return data
        case "bgr8":
            return np.ascontiguousarray(data[..., ::-1])
        case "rgba8":
            return np.ascontiguousarray(data[..., :3])
        case "bgra8":
            return np.ascontiguousarray(data[..., 2::-1])
        case "yuyv" | "yuyv8" | "yuy2":
            yuyv = data.view(np.uint8).reshape(*data.shape[:2], 2)
            return np.asarray(cv2.cvtColor(yuyv, cv2.COLOR_YUV2RGB_YUYV), dtype=np.uint8)
        case other:
            raise BadInputError(
                f"colour format '{other}' is not supported (rgb8, bgr8, rgba8, bgra8, yuyv are)"
            )


def _K(intrinsics: Any) -> NDArray[np.float64]:
    i = intrinsics
    return np.array([[i.fx, 0, i.ppx], [0, i.fy, i.ppy], [0, 0, 1.0]])
