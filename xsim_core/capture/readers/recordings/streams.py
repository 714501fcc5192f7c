"""Two streams as a camera delivers them, and the aligned video they become."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.clock import WRAPS_S, mend_clock
from xsim_core.capture.readers.depth_unit import DepthUnit, settled_unit, to_mm
from xsim_core.capture.readers.folders.alignment import align_film
from xsim_core.capture.readers.images import check_total
from xsim_core.capture.readers.intrinsics import Intrinsics
from xsim_core.capture.readers.lens import undistort
from xsim_core.capture.readers.pairing import pair_times
from xsim_core.errors import BadInputError
from xsim_core.files.windows import Spool, empty, let_go

LATE_FRAMES = 3
"""Frames that were recorded this much too late are put in order; more is a clock that restarted."""


@dataclass
class Streams:
    """Raw frames, in the order of recording, with their own clocks and cameras."""

    colour: list[tuple[float, NDArray[np.uint8]]] = field(default_factory=list)
    """(seconds, (h, w, 3) RGB)."""
    depth: list[tuple[float, NDArray[Any]]] = field(default_factory=list)
    """(seconds, (h, w) in depth units)."""
    colour_camera: Intrinsics | None = None
    depth_camera: Intrinsics | None = None
    depth_unit: DepthUnit = field(default_factory=lambda: DepthUnit(0.001, "assumed"))
    T_colour_depth: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    _spools: tuple[Spool, Spool] = field(default_factory=lambda: (Spool(), Spool()), repr=False)

    def keep(self, stamp_s: float, image: NDArray[Any], source: str, *, is_depth: bool) -> None:
        """Add a frame: depth (h, w), or colour (h, w, 3).

        Raises:
            BadInputError: with ``source``, when its stream becomes larger than what is read.
        """
        frames = self.depth if is_depth else self.colour
        check_total(len(frames) + 1, image.shape[:2], source)
        frames.append((stamp_s, self._spools[is_depth].add(image)))


def pair_and_align(
    streams: Streams, source: Path, notes: list[str], *, depth_unit_m: float | None = None
) -> tuple[RGBDVideo, DepthUnit]:
    """Pair frames by time, undo distortion, and bring depth into the colour camera.

    Args:
        streams: as recorded.
        source: named in errors and notes.
        notes: receives what was dropped or mended.
        depth_unit_m: declared by a person; must not contradict the recording.

    Raises:
        BadInputError: when one of the streams is missing or nothing pairs.
    """
    colour_camera, depth_camera = _cameras(streams, source)
    unit = settled_unit(streams.depth_unit, depth_unit_m, source)
    colour = _settled(streams.colour, f"{source}: colour", notes)
    depth = _settled(streams.depth, f"{source}: depth", notes)
    colour_s, depth_s = (np.array([t for t, _ in frames]) for frames in (colour, depth))
    depth_s = _same_turn(depth_s, colour_s, f"{source}: depth", notes)
    pairs = pair_times(colour_s, depth_s, str(source), notes)
    rgb, K = _flat(
        [colour[i][1] for i, _ in pairs],
        colour_camera,
        f"{source}: colour",
        notes,
        nearest=False,
    )
    stored, K_depth = _flat(
        [depth[j][1] for _, j in pairs],
        depth_camera,
        f"{source}: depth",
        notes,
        nearest=True,
    )
    depth_mm = to_mm(stored, unit.metres)
    is_in_place = np.allclose(K, K_depth, atol=1e-3) and np.allclose(
        streams.T_colour_depth, np.eye(4)
    )
    if not is_in_place or rgb.shape[1:3] != depth_mm.shape[1:3]:
        # Where depth lands depends on how far it is: another unit later would leave it there.
        unit = replace(unit, is_final=True)
        hw = (rgb.shape[1], rgb.shape[2])
        depth_mm = align_film(depth_mm, K_depth, K, streams.T_colour_depth, hw)
    stamps = colour_s[[i for i, _ in pairs]]
    began_s = float(stamps[0])
    return RGBDVideo(rgb, depth_mm, stamps - began_s, K, began_s=began_s), unit


def _cameras(streams: Streams, source: Path) -> tuple[Intrinsics, Intrinsics]:
    """Of colour and depth, where both were recorded with their intrinsics."""
    if not streams.colour:
        raise BadInputError(f"{source} holds no colour frames. Record colour and depth together.")
    if not streams.depth:
        raise BadInputError(
            f"{source} holds {len(streams.colour)} colour frames but no depth. "
            "X-Sim needs an RGB-D video: enable the depth stream and record again."
        )
    if streams.colour_camera is None or streams.depth_camera is None:
        which = "colour" if streams.colour_camera is None else "depth"
        raise BadInputError(f"{source} does not tell the {which} camera's intrinsics")
    return streams.colour_camera, streams.depth_camera


def _settled(
    frames: list[tuple[float, NDArray[Any]]], what: str, notes: list[str]
) -> list[tuple[float, NDArray[Any]]]:
    """Frames in order of time: repeated ones dropped, late ones put in place, wraps undone."""
    kept = [f for i, f in enumerate(frames) if i == 0 or f[0] != frames[i - 1][0]]
    if len(kept) < len(frames):
        notes.append(
            f"{what}: {len(frames) - len(kept)} frames with the time of the one before, dropped"
        )
    stamps = np.array([t for t, _ in kept])
    order = np.argsort(stamps, kind="stable")
    late = np.abs(order - np.arange(len(order)))
    steps = np.diff(stamps, append=stamps[-1])
    is_near = -steps.min() <= LATE_FRAMES * np.median(np.abs(steps))
    if 0 < late.max() <= LATE_FRAMES and is_near:
        notes.append(
            f"{what}: {int((late > 0).sum())} frames were recorded out of order: put in order"
        )
        kept, stamps = [kept[i] for i in order], stamps[order]
    stamps = mend_clock(stamps, what, notes)
    return [(float(t), image) for t, (_, image) in zip(stamps, kept, strict=True)]


def _same_turn(
    depth_s: NDArray[np.float64], colour_s: NDArray[np.float64], what: str, notes: list[str]
) -> NDArray[np.float64]:
    """Depth's times in colour's turn of a clock that wrapped between the first frames of both."""
    if depth_s[0] <= colour_s[-1] and colour_s[0] <= depth_s[-1]:
        return depth_s  # One stream may begin seconds after the other.
    for wrap in WRAPS_S:
        for shift in (wrap, -wrap):
            if np.abs(depth_s[0] + shift - colour_s[0]) < 1:
                notes.append(f"{what}: its clock wraps after {wrap:.3f} s before the first frame")
                return depth_s + shift
    return depth_s


def _flat(
    images: list[NDArray[Any]], camera: Intrinsics, what: str, notes: list[str], *, nearest: bool
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """One array of images as a pinhole would take them, and its ``K``."""
    shapes = {image.shape for image in images}
    if len(shapes) > 1:
        raise BadInputError(
            f"{what}: frames differ in size: {sorted(shapes)}. Record one resolution."
        )
    h, w = images[0].shape[:2]
    camera = camera.fit_to((w, h), what, notes)
    flat = empty((len(images), *images[0].shape), np.result_type(*{i.dtype for i in images}))
    for i, image in enumerate(images):
        flat[i] = image
        let_go(flat)
        let_go(image)
    flat, shift_px = undistort(flat, camera.lens, camera.K, nearest=nearest, source=what)
    if shift_px:
        notes.append(f"{what}: {camera.lens.model} distortion of up to {shift_px:.1f} px undone")
    return flat, camera.K
