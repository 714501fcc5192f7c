"""RGB-D folders: colour and depth images, intrinsics, timestamps, as ``names`` lists them."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.depth_unit import DepthUnit, settled_unit, to_mm
from xsim_core.capture.readers.images import image_files, read_rgb, stack_images
from xsim_core.capture.readers.intrinsics import Intrinsics, parse_intrinsics
from xsim_core.capture.readers.lens import undistort
from xsim_core.capture.readers.pairing import pair_files, times_of_file
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

from . import names as n, tum, two_cameras
from .bop_scene import checked, scene_camera
from .depth_images import are_mostly_large, stack_depth
from .film import read_film
from .one_pinhole import bring_to_one


@dataclass(frozen=True)
class _Frames:
    """Frames of which there is both."""

    rgb: NDArray[np.uint8]
    """(t, h, w, 3)."""
    depth: list[Path]
    stamps_s: NDArray[np.float64]
    source_frames: NDArray[np.int64]
    """(t,) among all of colour."""
    names: list[str] | None
    """Of the colour images, without their suffix; a film's have none."""


def read_rgbd_folder(
    folder: Path, notes: list[str], *, depth_unit_m: float | None = None
) -> tuple[RGBDVideo, DepthUnit]:
    """The video, with distortion undone, and what its depth was taken to mean.

    Raises:
        BadInputError: with the file or line, for whatever does not fit.
    """
    frames = _frames(folder, notes)
    rgb, stored = frames.rgb, stack_depth(frames.depth, folder)
    colour_wh, depth_wh = _size(rgb), _size(stored)
    two_cameras.check_sizes(folder, colour_wh, depth_wh)
    two_cameras.leave_out_unsure(stored, frames.depth, folder, notes)
    own: Intrinsics | None = None
    told: float | None = None
    if frames.names is not None and (folder / n.SCENE_CAMERA).is_file():
        scene = scene_camera(folder, frames.names, notes)
        checked(scene.K, colour_wh, folder / n.SCENE_CAMERA)
        K, told = bring_to_one(rgb, stored, scene.K, n.SCENE_CAMERA, notes), scene.unit_m
        camera = Intrinsics(K)
    else:
        camera = _intrinsics(folder, notes)
        camera = camera.fit_to(colour_wh, _K_name(folder), notes)
        own = two_cameras.depth_camera(folder, camera, colour_wh, depth_wh, notes)
        told = camera.depth_unit_m
    unit = _unit(stored, frames.depth, folder, told, depth_unit_m)
    depth_mm = to_mm(stored, unit.metres)
    if own is not None:
        T = two_cameras.place_of_depth(folder, notes)
        depth_mm = two_cameras.into_colour(
            depth_mm, own, camera.K, colour_wh, notes, T_colour_depth=T
        )
        # Where depth lands depends on how far it is: another unit later would leave it there.
        unit = replace(unit, is_final=not np.array_equal(T, np.eye(4)))
    if not camera.lens.is_pinhole:
        rgb = _undistorted(rgb, camera, _K_name(folder), notes)
    if not camera.lens.is_pinhole and own is None:
        where = str(folder / n.DEPTH_FOLDER)
        depth_mm, _ = undistort(depth_mm, camera.lens, camera.K, nearest=True, source=where)
    stamps, names = frames.stamps_s - frames.stamps_s[0], frames.names
    video = RGBDVideo(
        rgb,
        depth_mm,
        stamps,
        camera.K,
        frames.source_frames,
        tuple(names) if names else None,
        float(frames.stamps_s[0]),
    )
    return video, unit


def _frames(folder: Path, notes: list[str]) -> _Frames:
    place = n.colour_folder(folder)
    colour = image_files(place) if place else []
    films = n.films_in(folder)
    if films and not colour:
        return _frames_of_film(folder, films, notes)
    if not colour and (folder / "rgbd").is_dir():
        raise BadInputError(
            f"{folder} looks like an unpacked recording of Record3D: name the .r3d itself as "
            "'video'."
        )
    if not colour:
        raise BadInputError(
            f"{place or folder / n.COLOUR_FOLDERS[0]} holds no images. An RGB-D folder needs rgb/ "
            f"and depth/, or a film ({' '.join(n.FILM_SUFFIXES)}) beside depth/."
        )
    if films:
        notes.append(f"colour from {place.name if place else ''}/, not from {films[0].name}")
    depth = n.depth_files(folder, f"{len(colour)} colour images")
    if tum.is_listed(folder):
        colour, depth, pairs = tum.pair_listed(folder, notes)
    else:
        pairs = pair_files(colour, depth, folder / n.TIMES_FILE, notes)
    chosen = [colour[i] for i in pairs.colour]
    rgb = stack_images(chosen, read_rgb)
    return _Frames(
        rgb,
        [depth[i] for i in pairs.depth],
        pairs.stamps_s,
        np.array(pairs.colour),
        [file.stem for file in chosen],
    )


def _frames_of_film(folder: Path, films: list[Path], notes: list[str]) -> _Frames:
    if len(films) > 1:
        raise BadInputError(
            f"{folder} has {', '.join(f.name for f in films)}; leave only the film of colour"
        )
    depth = n.depth_files(folder, films[0].name)
    rgb, stamps = read_film(films[0], len(depth))
    if (times_file := folder / n.TIMES_FILE).is_file():
        stamps = times_of_file(times_file, len(depth), notes)
    elif (np.diff(stamps) <= 0).any():
        raise BadInputError(
            f"{films[0]}: its frames' times do not rise. Write them into {n.TIMES_FILE}, in "
            "seconds, one a line."
        )
    return _Frames(rgb, depth, stamps, np.arange(len(depth)), None)


def _K_name(folder: Path) -> str:
    return next(
        (str(folder / name) for name in n.K_FILES if (folder / name).is_file()),
        str(folder / n.K_FILES[0]),
    )


def _intrinsics(folder: Path, notes: list[str]) -> Intrinsics:
    found = [name for name in n.K_FILES if (folder / name).is_file()]
    if not found and tum.is_listed(folder):
        raise BadInputError(tum.no_intrinsics(folder))
    if not found:
        raise BadInputError(
            f"{folder / n.K_FILES[0]} is missing: the 3x3 intrinsics of the colour camera "
            f"({', '.join(n.K_FILES[1:])} are read too)"
        )
    if len(found) > 1:
        notes.append(f"intrinsics: {found[0]} is used, not {', '.join(found[1:])}")
    return parse_intrinsics(read_text(folder / found[0], notes), str(folder / found[0]), notes)


def _unit(
    stored: NDArray[Any],
    files: list[Path],
    folder: Path,
    told_m: float | None,
    declared_m: float | None,
) -> DepthUnit:
    if told_m is not None:
        return settled_unit(DepthUnit(told_m, "recorded"), declared_m, folder)
    if declared_m is not None:
        return DepthUnit(declared_m, "declared")
    if stored.dtype.kind == "f":
        return DepthUnit(1e-3 if are_mostly_large(stored) else 1.0, "assumed")
    are_times = all(re.fullmatch(r"\d{9,}\.\d+", file.stem) for file in files)
    return DepthUnit(tum.UNIT_M if are_times or tum.is_listed(folder) else 1e-3, "assumed")


def _undistorted(
    rgb: NDArray[np.uint8], camera: Intrinsics, source: str, notes: list[str]
) -> NDArray[np.uint8]:
    rgb, shift = undistort(rgb, camera.lens, camera.K, nearest=False, source=source)
    if shift:
        notes.append(f"lens: {camera.lens.model} distortion of up to {shift:.1f} px undone")
    return rgb


def _size(stack: NDArray[Any]) -> tuple[int, int]:
    """Width and height."""
    return stack.shape[2], stack.shape[1]
