"""RealSense recordings (.db3, .bag) read through librealsense."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from xsim_core.capture.librealsense import load_librealsense
from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import check_total
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.files.windows import Spool
from xsim_core.geometry import make_se3

from .ros_image import to_rgb
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
    with reading(path, "Was the recorder stopped properly? Record again."):
        # The device must not outlive its context.
        context = rs.context()
        device = context.load_device(str(path))
        device.set_real_time(False)
        return _play(rs, device, path)


def _play(rs: Any, device: Any, path: Path) -> Streams:
    streams = Streams()
    chosen = _open_sensors(rs, device.query_sensors(), streams, path)
    queues = []
    # The file runs from the first start on: a sensor started later would miss its first frames.
    device.pause()
    for sensor, profiles in chosen:
        sensor.open(profiles)
        # Never full: pyrealsense2 takes the queue for a Python callback (it has __call__), which
        # would wait for room while holding the interpreter's lock, for ever.
        queue = rs.frame_queue(QUEUE_FRAMES, keep_frames=True)
        queues.append(queue)
        sensor.start(queue)
    device.resume()
    try:
        frames = _drain(rs, device, queues, path)
    finally:
        for sensor, _ in chosen:
            sensor.stop()
            sensor.close()
    _sort(frames, streams, f"{path}: frames")
    return streams


def _open_sensors(
    rs: Any, sensors: list[Any], streams: Streams, path: Path
) -> list[tuple[Any, list[Any]]]:
    """The sensors with a depth or colour stream; fills in cameras and units."""
    chosen, depth_profile, colour_profile = [], None, None
    for sensor in sensors:
        wanted = []
        for profile in sensor.get_stream_profiles():
            kind = profile.stream_type()
            if kind == rs.stream.depth and depth_profile is None:
                depth_profile = profile.as_video_stream_profile()
                streams.depth_camera = intrinsics_of(
                    depth_profile.get_intrinsics(), f"{path}: depth"
                )
                if sensor.supports(rs.option.depth_units):
                    unit_m = round(float(sensor.get_option(rs.option.depth_units)), 9)
                    streams.depth_unit = DepthUnit(unit_m, "recorded")
            elif kind == rs.stream.color and colour_profile is None:
                colour_profile = profile.as_video_stream_profile()
                streams.colour_camera = intrinsics_of(
                    colour_profile.get_intrinsics(), f"{path}: colour"
                )
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
    """All frames until the file has ended, as (is_depth, seconds, encoding, pixels, unit)."""
    frames: list[Any] = []
    spools = Spool(), Spool()
    quiet_since = time.monotonic()
    while True:
        # Asked before the queues are emptied: what arrived before the end is then still fetched.
        ended = device.current_status() == rs.playback_status.stopped
        before = len(frames)
        for queue in queues:
            ok, frame = queue.try_wait_for_frame(20)
            if ok and frame:
                _keep(rs, frame, frames, spools)
        if len(frames) > before:
            check_total(len(frames) // 2, frames[-1][3].shape[:2], f"{path}: frames")
            quiet_since = time.monotonic()
        quiet_s = time.monotonic() - quiet_since
        # The first frames of a short file may come after its end was announced.
        if ended and quiet_s > END_GRACE_S:
            return frames
        if quiet_s > STALL_S:
            raise StalledRecordingError(f"{path}: librealsense stalled after {len(frames)} frames")


def _keep(rs: Any, frame: Any, frames: list[Any], spools: tuple[Spool, Spool]) -> None:
    if frame.is_frameset():
        for part in frame.as_frameset():
            _keep(rs, part, frames, spools)
        return
    profile = frame.get_profile()
    # The buffer belongs to librealsense and is used again. Nothing is imported or converted here:
    # importing a module while librealsense's threads run can deadlock.
    is_depth = profile.stream_type() == rs.stream.depth
    pixels = spools[is_depth].add(np.asanyarray(frame.get_data()))
    unit_m = frame.as_depth_frame().get_units() if is_depth else 0.0
    frames.append((is_depth, frame.get_timestamp() / 1000, str(profile.format()), pixels, unit_m))


def _sort(frames: list[Any], streams: Streams, source: str) -> None:
    for is_depth, stamp_s, encoding, pixels, unit_m in frames:
        if is_depth:
            if unit_m > 0:  # Known to the frame even where the sensor has no such option.
                streams.depth_unit = DepthUnit(round(float(unit_m), 9), "recorded")
            pixels = pixels.astype(np.uint16, copy=False)
        else:
            pixels = to_rgb(pixels, encoding.split(".")[-1])
        streams.keep(stamp_s, pixels, source, is_depth=is_depth)


def intrinsics_of(intrinsics: Any, source: str) -> Intrinsics:
    """Ours of librealsense's ``intrinsics``.

    Raises:
        BadInputError: for a lens that is not known.
    """
    i = intrinsics
    K = matrix_of([i.fx, i.fy, i.ppx, i.ppy], source, [])
    model = str(i.model).split(".")[-1]
    return Intrinsics(K, (i.width, i.height), Lens.of(model, list(i.coeffs), source))
