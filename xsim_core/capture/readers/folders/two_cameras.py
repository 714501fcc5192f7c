"""Depth of another camera than colour's: another size, intrinsics of its own.

Written from ScanNet's exporter (``SensReader/python/SensorData.py``: ``intrinsic/intrinsic_color``,
``intrinsic_depth``, ``extrinsic_color``, ``extrinsic_depth``, each a 4x4 in a ``.txt``; published
scans have the identity for both extrinsics) and Stray Scanner's ``docs/format.md`` and encoders
(``camera_matrix.csv`` of colour at the film's size, depth of 256x192 with the same view,
``confidence/`` of 0, 1 and 2 for each image of depth).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import open_image
from xsim_core.capture.readers.intrinsics import Intrinsics, parse_intrinsics
from xsim_core.capture.readers.lens import undistort
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text
from xsim_core.files.windows import let_go
from xsim_core.geometry import PinholeCamera

from . import names as n
from .alignment import align_film

Size = tuple[int, int]
ASPECT_SLACK = 0.01
FARTHEST_M = 0.5
"""No RGB-D camera is so wide."""
BENT = 1e-3


def check_sizes(folder: Path, colour_wh: Size, depth_wh: Size) -> None:
    """Refuse depth of another size if nothing tells where it lies in colour.

    Raises:
        BadInputError: with both sizes and what would tell.
    """
    tells = _depth_file(folder) is not None or n.is_stray(folder)
    if colour_wh == depth_wh or (tells and not (folder / n.SCENE_CAMERA).is_file()):
        return
    raise BadInputError(
        f"{folder}: colour is {_said(colour_wh)} but depth {_said(depth_wh)}; align depth to "
        f"colour, or bring depth's own intrinsics as {n.DEPTH_K_FILES[1]}"
    )


def depth_camera(
    folder: Path, colour: Intrinsics, colour_wh: Size, depth_wh: Size, notes: list[str]
) -> Intrinsics | None:
    """The camera of depth (distortion included); None where depth lies in colour's pixels.

    Args:
        folder: of the film.
        colour: its camera, for images of ``colour_wh``.
        colour_wh: width and height.
        depth_wh: likewise.
        notes: receives what was scaled.

    Raises:
        BadInputError: when the intrinsics cannot be those of such images, or the two cameras do not
            stand at one place and nothing tells how.
    """
    if file := _depth_file(folder):
        own = parse_intrinsics(read_text(file, notes), str(file), notes)
        own = own.fit_to(depth_wh, str(file), notes)
        is_same = colour_wh == depth_wh and np.allclose(own.K, colour.K, atol=1e-3)
        if is_same and own.lens == colour.lens and _told_place(folder) is None:
            return None
        return own
    if colour_wh == depth_wh:
        return None
    (w, h), (dw, dh) = colour_wh, depth_wh
    if abs((w / h) / (dw / dh) - 1) > ASPECT_SLACK:
        raise BadInputError(
            f"{folder}: colour is {_said(colour_wh)} but depth {_said(depth_wh)}, of another "
            "shape: Stray Scanner's film and depth show the same view. Bring the recording as it "
            "was exported, neither turned nor cut."
        )
    return Intrinsics(PinholeCamera(w, h, colour.K).resized(dw, dh).K, depth_wh)


def place_of_depth(folder: Path, notes: list[str]) -> NDArray[np.float64]:
    """``T_colour_depth`` (4, 4), metres: as a file tells, else the identity.

    Raises:
        BadInputError: when the file holds no rigid transform, or the exporter's extrinsics tell the
            cameras apart: it does not say which way they map.
    """
    if told := _told_place(folder):
        T, name = _matrix(told, notes), told.name
        R, last = T[:3, :3], T[3]
        off = max(np.abs(R @ R.T - np.eye(3)).max(), np.abs(last - (0, 0, 0, 1)).max())
        if not off < BENT or np.linalg.det(R) < 0:
            raise BadInputError(
                f"{told} is no rigid transform: a rotation, a translation in metres as the last "
                "column, and 0 0 0 1 as the last row are. Write it anew."
            )
        apart_m = float(np.linalg.norm(T[:3, 3]))
        if apart_m > FARTHEST_M:
            raise BadInputError(
                f"{told}: the depth camera would stand {apart_m:.3g} m from colour's. Write the "
                "matrix in metres."
            )
        notes.append(f"{name}: the depth camera stands {1000 * apart_m:.1f} mm from colour's")
        return T
    if file := _depth_file(folder):
        _check_one_place(file.parent, notes)
    return np.eye(4)


def into_colour(
    depth_mm: NDArray[np.uint16],
    own: Intrinsics,
    K_colour: NDArray[np.float64],
    colour_wh: Size,
    notes: list[str],
    *,
    T_colour_depth: NDArray[np.float64],
) -> NDArray[np.uint16]:
    """Depth (t, h, w) of camera ``own`` as the colour camera measures it.

    Args:
        depth_mm: as the depth camera gave it.
        own: its camera.
        K_colour: (3, 3).
        colour_wh: width and height of the colour images.
        notes: receives what was done.
        T_colour_depth: (4, 4), metres.
    """
    source = f"{n.DEPTH_FOLDER}/"
    depth_mm, shift_px = undistort(depth_mm, own.lens, own.K, nearest=True, source=source)
    lens = f", {own.lens.model} distortion of {shift_px:.1f} px undone" if shift_px else ""
    depth_wh = (depth_mm.shape[2], depth_mm.shape[1])
    notes.append(
        f"{source} is {_said(depth_wh)} with a focal length of {own.K[0, 0]:.1f} px{lens}: brought "
        f"into the colour camera, {_said(colour_wh)}"
    )
    return align_film(depth_mm, own.K, K_colour, T_colour_depth, (colour_wh[1], colour_wh[0]))


def leave_out_unsure(
    stored: NDArray[Any], files: list[Path], folder: Path, notes: list[str]
) -> None:
    """Set depth (t, h, w) of Stray Scanner's lowest confidence to 0, in place.

    Raises:
        BadInputError: when a picture of confidence has another size than its depth.
    """
    place = folder / n.CONFIDENCE_FOLDER
    if not n.is_stray(folder) or not place.is_dir():
        return
    num_low, num_measured, missing = 0, 0, list[str]()
    for i, file in enumerate(files):
        sure = place / f"{file.stem}.png"
        if not sure.is_file():
            missing.append(sure.name)
            continue
        with open_image(sure) as image:
            levels = np.asarray(image)
        if levels.shape != stored.shape[1:]:
            raise BadInputError(
                f"{sure} has shape {levels.shape}, its depth {stored.shape[1:]}. Copy the "
                "recording again."
            )
        is_low = (levels == 0) & (stored[i] > 0)
        num_low += int(is_low.sum())
        num_measured += int((stored[i] > 0).sum())
        stored[i][is_low] = 0
        let_go(stored)
    share = num_low / max(1, num_measured)
    notes.append(f"{place.name}/: depth of low confidence is left out ({share:.1%} of it)")
    if missing:
        notes.append(f"{place.name}/: {len(missing)} are missing (the first is {missing[0]})")


def _depth_file(folder: Path) -> Path | None:
    return next((folder / name for name in n.DEPTH_K_FILES if (folder / name).is_file()), None)


def _check_one_place(place: Path, notes: list[str]) -> None:
    """Refuse extrinsics that tell the cameras apart: the exporter does not say which way."""
    T_colour, T_depth = (_extrinsic(place / name, notes) for name in n.EXTRINSICS)
    if not np.allclose(T_colour, T_depth, atol=1e-5):
        apart_m = np.linalg.norm(T_colour[:3, 3] - T_depth[:3, 3])
        raise BadInputError(
            f"{place}: {' and '.join(n.EXTRINSICS)} differ (by {apart_m:.4g} m): colour and depth "
            "were taken from two places, and which way the matrices map is not said. Write the "
            f"4x4 that maps the depth camera's points to colour's, in metres, into "
            f"{n.DEPTH_TO_COLOUR[0]} beside depth/."
        )


def _extrinsic(path: Path, notes: list[str]) -> NDArray[np.float64]:
    """(4, 4); the identity where there is no file."""
    return _matrix(path, notes) if path.is_file() else np.eye(4)


def _told_place(folder: Path) -> Path | None:
    return next((folder / k for k in n.DEPTH_TO_COLOUR if (folder / k).is_file()), None)


def _matrix(path: Path, notes: list[str]) -> NDArray[np.float64]:
    try:
        return np.array(read_text(path, notes).split(), np.float64).reshape(4, 4)
    except ValueError as error:
        raise BadInputError(f"{path} is no 4x4 matrix ({error}). Export it again.") from error


def _said(wh: Size) -> str:
    return f"{wh[0]}x{wh[1]}"
