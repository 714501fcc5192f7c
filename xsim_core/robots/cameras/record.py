"""A film from a connected RealSense, in librealsense's own format, which a capture names.

Run against librealsense's software device and never against hardware. Turning the automatic
exposure off may bring back an exposure that was set by hand long ago (what a device does there is
its own), so the picture's brightness is measured before and after, and where it jumps the
automatic one is turned on again and that is said.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.librealsense import load_librealsense
from xsim_core.errors import BadInputError
from xsim_core.pictures import png_bytes
from xsim_core.scratch import write_bytes

from .camera import CameraLostError
from .realsense_streams import Chosen, choose, find_device, frames_of

SUFFIX = ".db3"
SILENCE_S = 5.0
"""Without a picture for so long the camera is lost."""
PREVIEW_S = 0.5
CALM_SHARE = 0.1
"""By less than this the mean brightness may change when the exposure is locked."""
LOCK_WAIT_S = 1.0
FAR_MM = 4000.0


@dataclass(frozen=True)
class Recorded:
    """What was written."""

    path: Path
    num_colour: int
    num_depth: int
    lasted_s: float
    notes: list[str]


@dataclass
class _Seen:
    """The newest picture of each stream, and how many came."""

    colour: NDArray[np.uint8] | None = None
    """(h, w, 3)."""
    depth: NDArray[np.uint16] | None = None
    """(h, w) in the camera's steps."""
    count: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """By whether it is depth."""
    heard_s: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Wish:
    """How a film is recorded."""

    seconds: float
    countdown_s: float = 3.0
    """Before it; the exposure settles meanwhile."""
    lock: bool = True
    """Turn automatic exposure and white balance off after the countdown."""
    preview: Path | None = None
    """A PNG, colour beside depth, written anew twice a second before recording."""


def record(
    path: Path,
    wish: Wish,
    *,
    serial: str = "",
    say: Callable[[str], None] = print,
    device: Any = None,
) -> Recorded:
    """Count down, lock the exposure, record; the file appears when it is whole.

    Ctrl-C while it records ends the film early, and the film is kept.

    Args:
        path: of the recording, ``.db3``.
        wish: how long, and what before.
        serial: of the camera; "": the only one that is connected.
        say: receives a line for a person.
        device: a ``pyrealsense2.device``, in the place of what is connected.

    Raises:
        BadInputError: when the file is there, no camera is, or it has no depth.
        CameraLostError: when pictures stop coming.
    """
    if path.suffix != SUFFIX:
        raise BadInputError(f"{path}: librealsense records {SUFFIX} files only")
    if path.exists():
        raise BadInputError(f"{path} is there already: name another file, or remove it")
    rs = load_librealsense()
    context = rs.context()
    device = find_device(rs, context, serial, flag="--serial ") if device is None else device
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.part{SUFFIX}")
    part.unlink(missing_ok=True)
    try:
        seen, lasted_s, notes = _recorded(rs, device, part, wish, say)
        if 0 in seen.count.values():
            raise CameraLostError(
                f"{seen.count[False]} pictures of colour and {seen.count[True]} of depth came: a "
                "film needs both."
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Recorded(path, seen.count[False], seen.count[True], lasted_s, notes)


def _recorded(
    rs: Any, device: Any, part: Path, wish: Wish, say: Callable[[str], None]
) -> tuple[_Seen, float, list[str]]:
    """What came, for how long, and what is to be said; the file is whole when this returns."""
    recorder = rs.recorder(str(part), device)
    recorder.pause()
    chosen = choose(rs, recorder)
    if len(chosen) < 2:
        raise BadInputError("this RealSense has no depth stream, and a capture needs depth.")
    seen = _Seen()
    try:
        _start(chosen)
        _watch(chosen, seen, wish.countdown_s, preview=wish.preview, say=say)
        notes = _lock(rs, chosen, seen) if wish.lock else []
        seen.count, began_s = {True: 0, False: 0}, time.monotonic()
        recorder.resume()
        say(f"recording {wish.seconds:g} s")
        with suppress(KeyboardInterrupt):
            _watch(chosen, seen, wish.seconds)
        recorder.pause()
        return seen, time.monotonic() - began_s, notes
    finally:
        for one in chosen:
            one.stop()


def _start(chosen: list[Chosen]) -> None:
    for sensor in {id(c.sensor): c.sensor for c in chosen}.values():
        mine = [c for c in chosen if c.sensor is sensor]
        try:
            sensor.open([c.profile for c in mine])
            sensor.start(mine[0].queue)
        except RuntimeError as error:
            raise BadInputError(f"the RealSense does not start: {error}.") from error


def _watch(
    chosen: list[Chosen],
    seen: _Seen,
    seconds: float,
    *,
    preview: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Take what comes for a while; with ``say``, count the seconds down."""
    began_s, shown_s, told = time.monotonic(), float("-inf"), -1
    seen.heard_s = began_s
    while (gone_s := time.monotonic() - began_s) < seconds:
        for one in chosen:
            for frame in frames_of(one.queue):
                _take(frame, seen)
        if time.monotonic() - seen.heard_s > SILENCE_S:
            raise CameraLostError(f"the RealSense sent no picture for {SILENCE_S:g} s.")
        left = int(np.ceil(seconds - gone_s))
        if say is not None and left != told:
            say(f"{left} …")
            told = left
        if preview is not None and gone_s - shown_s > PREVIEW_S and seen.colour is not None:
            write_bytes(preview, png_bytes(side_by_side(seen.colour, seen.depth)))
            shown_s = gone_s


def _take(frame: Any, seen: _Seen) -> None:
    if frame.is_frameset():
        for part in frame.as_frameset():
            _take(part, seen)
        return
    # Copied: the buffer is librealsense's and is used again.
    pixels = np.array(np.asanyarray(frame.get_data()))
    is_depth = pixels.ndim == 2
    if is_depth:
        seen.depth = pixels.astype(np.uint16)
    else:
        seen.colour = pixels.astype(np.uint8)
    seen.count[is_depth] += 1
    seen.heard_s = time.monotonic()


def _lock(rs: Any, chosen: list[Chosen], seen: _Seen) -> list[str]:
    """Turn automatic exposure and white balance off, and on again where the picture jumps."""
    sensor = chosen[0].sensor  # Of colour; that of depth may go on adapting.
    options = [
        option
        for option in (rs.option.enable_auto_exposure, rs.option.enable_auto_white_balance)
        if sensor.supports(option) and not sensor.is_option_read_only(option)
    ]
    if not options or seen.colour is None:
        return ["the camera offers no exposure to lock: it may change in the film"]
    before = float(seen.colour.mean())
    for option in options:
        sensor.set_option(option, 0)
    _watch(chosen, seen, LOCK_WAIT_S)
    after = float(seen.colour.mean())
    if abs(after - before) <= CALM_SHARE * max(before, 1.0):
        return []
    for option in options:
        sensor.set_option(option, 1)
    _watch(chosen, seen, LOCK_WAIT_S)
    told = f"the picture's brightness jumped from {before:.0f} to {after:.0f} of 255 when locked"
    return [f"{told}: exposure stays automatic and may change in the film"]


def side_by_side(rgb: NDArray[np.uint8], depth: NDArray[np.uint16] | None) -> NDArray[np.uint8]:
    """Colour (h, w, 3) beside depth in greys, near is bright, black is nothing measured."""
    if depth is None or depth.shape != rgb.shape[:2]:
        return rgb
    near = np.clip(1 - depth / FAR_MM, 0.1, 1)
    grey = np.where(depth > 0, 255 * near, 0).astype(np.uint8)
    return np.concatenate([rgb, np.repeat(grey[..., None], 3, axis=2)], axis=1)
