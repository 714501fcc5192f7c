"""Record3D's ``.r3d``: RGB-D of an iPhone or iPad, by LiDAR or the TrueDepth camera.

Written from what the app's author says in issues 7, 81 and 93 of marek-simonik/record3d (2020 to
2024): a ZIP of ``metadata`` (JSON), ``rgbd/N.jpg``, ``rgbd/N.depth`` (float32 metres, row by row,
LZFSE) and, of LiDAR, ``rgbd/N.conf`` (uint8, LZFSE: 0 low, 1 medium, 2 high). ``K`` is written by
columns and belongs to images of ``w`` x ``h``; depth of ``dw`` x ``dh`` is aligned to colour.
``perFrameIntrinsicCoeffs`` (fx, fy, cx, cy) follow the autofocus.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.folders.one_pinhole import (
    NEGLIGIBLE_PX,
    middle_K,
    shifts_px,
    to_one_pinhole,
)
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import check_pixels
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera

from .ros_image import compressed_image
from .streams import Streams

ACCEPTS = (
    "Record3D's .r3d of LiDAR or TrueDepth: colour, depth where its confidence is not low, "
    "intrinsics that follow the autofocus, times, the phone's own path (`camera_path`)"
)
MEND = "Export it again from Record3D's library, as .r3d, and copy it whole."
SUFFIX = ".r3d"
MAX_MEMBERS, MAX_TEXT_BYTES, MAX_JPEG_BYTES = 300_000, 16 << 20, 64 << 20
LZFSE_SLACK = 4096
"""Depth that does not compress grows by its headers."""
MOVED_M = 0.02


@dataclass(frozen=True)
class _About:
    """What ``metadata`` says."""

    image_wh: tuple[int, int]
    depth_wh: tuple[int, int]
    K: NDArray[np.float64]
    """(t, 3, 3)."""
    stamps_s: NDArray[np.float64]
    """(t,)."""


def read_record3d(path: Path, notes: list[str]) -> Streams:
    """Every frame, with depth of low confidence left out.

    Args:
        path: the ``.r3d``.
        notes: receives what was left out, and that the phone was moved.

    Raises:
        BadInputError: when it is damaged, too large, or lacks a part.
    """
    with reading(path, MEND), zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > MAX_MEMBERS:
            raise BadInputError(f"{path} holds {len(archive.infolist())} files. {MEND}")
        names = set(archive.namelist())
        numbers = _numbers(names, path)
        about = _about(archive, numbers, path, notes)
        streams, num_low, num_measured = Streams(), 0, 0
        K_one, bring = middle_K(about.K), _moved(about, path, notes)
        for number, K, stamp_s in zip(numbers, about.K, about.stamps_s, strict=True):
            where = f"{path}: rgbd/{number}"
            jpeg = _member(archive, f"rgbd/{number}.jpg", MAX_JPEG_BYTES, path)
            colour = compressed_image(jpeg, "jpeg", f"{where}.jpg", is_depth=False)
            depth = _decoded(archive, f"rgbd/{number}.depth", about.depth_wh, "<f4", path)
            depth = depth.astype(np.float32)
            if (name := f"rgbd/{number}.conf") in names:
                is_low = _decoded(archive, name, about.depth_wh, "u1", path) == 0
                num_low += int((is_low & (depth > 0)).sum())
                num_measured += int((depth > 0).sum())
                depth[is_low] = 0
            if bring:
                colour = _brought(colour, K, K_one, about, nearest=False)
                depth = _brought(depth, K, K_one, about, nearest=True)
            streams.keep(float(stamp_s), colour, where, is_depth=False)
            streams.keep(float(stamp_s), depth, where, is_depth=True)
    if num_low:
        share = num_low / max(1, num_measured)
        notes.append(f"{path.name}: depth of low confidence is left out ({share:.1%} of it)")
    streams.colour_camera = Intrinsics(K_one, about.image_wh)
    of_depth = PinholeCamera(*about.image_wh, K_one).resized(*about.depth_wh)
    streams.depth_camera = Intrinsics(of_depth.K, about.depth_wh)
    streams.depth_unit = DepthUnit(1.0, "recorded")
    return streams


def _numbers(names: set[str], path: Path) -> list[int]:
    """The frames that have colour and depth, in order."""
    of = {
        suffix: {int(n[5 : -len(suffix)]) for n in names if _is_frame(n, suffix)}
        for suffix in (".jpg", ".depth")
    }
    numbers = sorted(of[".jpg"] & of[".depth"])
    if not numbers or "metadata" not in names:
        raise BadInputError(
            f"{path} is no .r3d with metadata, rgbd/0.jpg and rgbd/0.depth: it holds "
            f"{len(of['.jpg'])} images of colour and {len(of['.depth'])} of depth. {MEND}"
        )
    return numbers


def _is_frame(name: str, suffix: str) -> bool:
    number = name[5 : -len(suffix)]
    return (
        name.startswith("rgbd/")
        and name.endswith(suffix)
        and number.isdecimal()
        and len(number) < 9
    )


def _about(archive: zipfile.ZipFile, numbers: list[int], path: Path, notes: list[str]) -> _About:
    told: Any = json.loads(_member(archive, "metadata", MAX_TEXT_BYTES, path))
    source = f"{path}: metadata"
    if not isinstance(told, dict) or not {"w", "h"} <= told.keys():
        raise BadInputError(f"{source} does not tell w and h, the size of its images. {MEND}")
    image_wh = int(told["w"]), int(told["h"])
    depth_wh = int(told.get("dw", image_wh[0])), int(told.get("dh", image_wh[1]))
    for w, h in (image_wh, depth_wh):
        check_pixels(h, w, source)
    coefficients = told.get("perFrameIntrinsicCoeffs") or []
    said: list[str] = []
    if len(coefficients) > numbers[-1]:
        K = [matrix_of(coefficients[n], f"{source} of frame {n}", said) for n in numbers]
    elif "K" in told:
        # Nine numbers by columns, which is how it always is there: nothing to note.
        K = [matrix_of(told["K"], f"{source}: K", said)] * len(numbers)
    else:
        raise BadInputError(f"{source} tells no intrinsics (K or perFrameIntrinsicCoeffs). {MEND}")
    for one in K:
        Intrinsics(one, image_wh).fit_to(image_wh, source, said)
    stamps = _stamps(told, numbers, path, notes)
    _note_motion(told.get("poses"), path, notes)
    return _About(image_wh, depth_wh, np.stack(K), stamps)


def _stamps(
    told: dict[str, Any], numbers: list[int], path: Path, notes: list[str]
) -> NDArray[np.float64]:
    """The frames' times (t,) in seconds."""
    times = told.get("frameTimestamps") or []
    if len(times) > numbers[-1]:
        return np.array([float(times[n]) for n in numbers])
    fps = float(told.get("fps") or 0)
    if not 0.5 <= fps <= 500:
        raise BadInputError(
            f"{path}: metadata tells neither frameTimestamps nor a frame rate (fps)"
        )
    notes.append(f"{path.name}: no times of frames, {fps:g} frames a second as it says")
    return np.array(numbers) / fps


def recorded_poses(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The phone's pose (n, 7) in each frame, and the frames' times (n,) from the first one on.

    A pose is x, y, z, w of a quaternion, then metres; (0, 7) where the phone tells none, as with
    its TrueDepth camera, of which all are the same.

    Raises:
        BadInputError: when there are frames or poses that are none.
    """
    with zipfile.ZipFile(path) as archive:
        numbers = _numbers(set(archive.namelist()), path)
        told: Any = json.loads(_member(archive, "metadata", MAX_TEXT_BYTES, path))
    if not isinstance(told, dict) or not (raw := told.get("poses")):
        return np.zeros((0, 7)), np.zeros(0)
    poses = np.array(raw, np.float64)
    if poses.ndim != 2 or poses.shape[1] != 7 or len(poses) <= numbers[-1]:
        raise BadInputError(
            f"{path}: metadata's poses are of shape {poses.shape}; each of frames 0 to "
            f"{numbers[-1]} has seven numbers. {MEND}"
        )
    chosen, stamps = poses[numbers], _stamps(told, numbers, path, [])
    if (chosen == chosen[0]).all():
        return np.zeros((0, 7)), np.zeros(0)
    return chosen, stamps - stamps[0]


def _note_motion(poses: Any, path: Path, notes: list[str]) -> None:
    """Say that the phone was moved; ``poses`` are x, y, z, w of a quaternion, then metres."""
    if not poses:
        return
    places = np.array([pose[4:7] for pose in poses], np.float64)
    moved_m = float(np.linalg.norm(places - places[0], axis=1).max())
    if moved_m > MOVED_M:
        notes.append(
            f"{path.name}: the phone moved by {100 * moved_m:.0f} cm, as its own path says; "
            f"`camera_path: {path.name}` takes that path, and without it the room that is filmed "
            "tells where the phone was"
        )


def _moved(about: _About, path: Path, notes: list[str]) -> bool:
    """Whether intrinsics change so much that frames have to be brought to one camera."""
    shifts = shifts_px(about.K, middle_K(about.K), about.image_wh)
    if not (shifts > NEGLIGIBLE_PX).any():
        return False
    notes.append(
        f"{path.name}: the lens was focused anew; frames are brought to one camera, by "
        f"{shifts.max():.1f} px at most"
    )
    return True


def _brought(
    image: NDArray[Any], K: NDArray[Any], K_one: NDArray[Any], about: _About, *, nearest: bool
) -> NDArray[Any]:
    size = image.shape[1], image.shape[0]
    here, there = (PinholeCamera(*about.image_wh, k).resized(*size).K for k in (K, K_one))
    return to_one_pinhole(image, here, there, nearest=nearest)


def _member(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """A file of the archive, never more than it may be, whatever its header says."""
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise BadInputError(f"{path}: {name} unpacks to more than {limit / 1e6:.1f} MB. {MEND}")
    return data


def _decoded(
    archive: zipfile.ZipFile, name: str, wh: tuple[int, int], dtype: str, path: Path
) -> NDArray[Any]:
    """An image (h, w) of one channel."""
    import lzfse

    size = wh[0] * wh[1] * np.dtype(dtype).itemsize
    packed = _member(archive, name, size + LZFSE_SLACK, path)
    try:
        data = lzfse.decompress(packed)
    except lzfse.error as error:
        raise BadInputError(f"{path}: {name} is damaged: no whole LZFSE stream. {MEND}") from error
    if len(data) != size:
        raise BadInputError(
            f"{path}: {name} holds {len(data)} bytes; metadata says {wh[0]}x{wh[1]}, which are "
            f"{size}. {MEND}"
        )
    return np.frombuffer(data, dtype).reshape(wh[1], wh[0])
