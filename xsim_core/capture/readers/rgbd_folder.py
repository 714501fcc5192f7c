"""RGB-D folders: colour and depth images, intrinsics, timestamps."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError
from xsim_core.text import read_text
from xsim_core.windows import windows

from .depth_unit import DepthUnit, to_mm
from .images import COLOUR_SUFFIXES, check_pixels, image_files, open_image, read_rgb, stack_images
from .intrinsics import Intrinsics, parse_intrinsics
from .lens import undistort
from .pairing import pair_files

COLOUR_FOLDERS = ("rgb", "color", "colour")
DEPTH_FOLDER = "depth"
DEPTH_SUFFIXES = (".png", ".tif", ".tiff", ".pgm", ".npy")
K_FILES = (
    "cam_K.txt", "cam_K.json", "K.txt", "intrinsics.txt", "intrinsics.json", "intrinsics.yaml",
    "camera_info.yaml", "camera_info.json", "camera.json", "camera.yaml", "camera_intrinsic.json",
)  # fmt: skip
TIMES_FILE = "timestamps.txt"
TUM_UNIT_M = 2e-4
ACCEPTS = (
    f"{'/ or '.join(COLOUR_FOLDERS)}/ ({' '.join(COLOUR_SUFFIXES)}), {DEPTH_FOLDER}/ "
    f"({' '.join(DEPTH_SUFFIXES)}: 16-bit, or metres as floats), intrinsics in "
    f"{' '.join(K_FILES[:4])} …, {TIMES_FILE}; colour and depth are paired by the numbers in "
    "their names, or by time where the names are times (TUM)"
)


def folder_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the single files that the reader looks at, those that exist."""
    places = [folder / name for name in (*COLOUR_FOLDERS, DEPTH_FOLDER)]
    singles = [folder / name for name in (*K_FILES, TIMES_FILE)]
    return [p for p in places if p.is_dir()], [p for p in singles if p.is_file()]


def read_rgbd_folder(
    folder: Path, notes: list[str], *, depth_unit_m: float | None = None
) -> tuple[RGBDVideo, DepthUnit]:
    """The video, with distortion undone, and what its depth was taken to mean.

    Raises:
        BadInputError: with the file or line, for whatever does not fit.
    """
    colour_files, depth_files = _files(folder)
    pairs = pair_files(colour_files, depth_files, folder / TIMES_FILE, notes)
    rgb = stack_images([colour_files[i] for i in pairs.colour], read_rgb)
    stored = _stack_depth([depth_files[i] for i in pairs.depth], folder)
    if rgb.shape[1:3] != stored.shape[1:]:
        raise BadInputError(
            f"{folder}: colour is {_size(rgb)} but depth {_size(stored)}; align depth to colour"
        )
    camera = _intrinsics(folder, notes).fit_to((rgb.shape[2], rgb.shape[1]), _K_name(folder), notes)
    unit = _unit(stored, depth_files, depth_unit_m)
    depth_mm = to_mm(stored, unit.metres)
    if not camera.lens.is_pinhole:
        rgb, depth_mm = _undistorted(rgb, depth_mm, camera, _K_name(folder), notes)
    stamps = pairs.stamps_s - pairs.stamps_s[0]
    return RGBDVideo(rgb, depth_mm, stamps, camera.K, np.array(pairs.colour)), unit


def _files(folder: Path) -> tuple[list[Path], list[Path]]:
    there = [name for name in COLOUR_FOLDERS if (folder / name).is_dir()]
    if len(there) > 1:
        raise BadInputError(f"{folder} has {' and '.join(there)}; leave only one folder of colour")
    colour = image_files(folder / there[0]) if there else []
    depth = image_files(folder / DEPTH_FOLDER, DEPTH_SUFFIXES)
    if not colour:
        raise BadInputError(
            f"{folder}/{there[0] if there else 'rgb'} holds no images. An RGB-D folder needs rgb/ "
            "and depth/."
        )
    if not depth:
        raise BadInputError(
            f"{folder} holds {len(colour)} colour images but no depth/. X-Sim needs depth."
        )
    return colour, depth


def _K_name(folder: Path) -> str:
    return next(
        (str(folder / n) for n in K_FILES if (folder / n).is_file()), str(folder / K_FILES[0])
    )


def _intrinsics(folder: Path, notes: list[str]) -> Intrinsics:
    found = [name for name in K_FILES if (folder / name).is_file()]
    if not found:
        raise BadInputError(
            f"{folder / K_FILES[0]} is missing: the 3x3 intrinsics of the colour camera "
            f"({', '.join(K_FILES[1:])} are read too)"
        )
    if len(found) > 1:
        notes.append(f"intrinsics: {found[0]} is used, not {', '.join(found[1:])}")
    return parse_intrinsics(read_text(folder / found[0], notes), str(folder / found[0]), notes)


def _stack_depth(files: list[Path], folder: Path) -> NDArray[Any]:
    stored = stack_images(files, _read_plain_depth)
    if stored.ndim != 3 or stored.dtype not in (np.uint16, np.float32, np.float64):
        kind = "a colour picture" if stored.ndim == 4 else str(stored.dtype)
        raise BadInputError(
            f"{folder}/{DEPTH_FOLDER} must be 16-bit images in mm or floats in metres, not {kind}: "
            "a picture of depth for people is no depth"
        )
    return stored


def _read_plain_depth(file: Path) -> NDArray[Any]:
    """The numbers (h, w) in this machine's byte order, 16 bits wide where they fit."""
    image = _read_depth(file)
    if image.dtype == np.int32 and image.min(initial=0) >= 0 and image.max(initial=0) <= 65535:
        return image.astype(np.uint16)  # Pillow widens some 16-bit PNGs.
    return image.astype(image.dtype.newbyteorder("="), copy=False)


def _read_depth(file: Path) -> NDArray[Any]:
    """The numbers (h, w) of one depth image as they were written."""
    match file.suffix.lower():
        case ".npy":
            return _load_npy(file)
        case ".pgm":
            # Pillow spreads a file's own range, 0 to MAXVAL, over 16 bits.
            with open_image(file) as image:
                spread = np.asarray(image)
            largest = _pgm_maxval(file)
            is_spread = spread.dtype == np.int32 and largest != 65535
            return np.rint(spread * (largest / 65535)).astype(np.int32) if is_spread else spread
        case _:
            with open_image(file) as image:
                return np.asarray(image)


def _pgm_maxval(file: Path) -> int:
    """The largest value that a PGM file's header allows (Netpbm's pgm(5))."""
    with file.open("rb") as content:
        head = re.sub(rb"#[^\r\n]*", b"", content.read(4096))
    match = re.match(rb"P[25]\s+\d+\s+\d+\s+(\d+)\s", head)
    if match is None:
        raise BadInputError(f"{file}: its header does not tell the range of its values")
    return int(match.group(1))


def _load_npy(file: Path) -> NDArray[Any]:
    try:
        array = np.asarray(np.load(file, allow_pickle=False, mmap_mode="r"))
    except Exception as error:
        raise BadInputError(f"{file} cannot be read as an array: {error!r}") from error
    if array.ndim not in (2, 3):
        raise BadInputError(f"{file} is an array of shape {array.shape}, no depth image (h, w)")
    height, width = array.shape[:2]
    check_pixels(height, width, str(file))
    return array


def _unit(stored: NDArray[Any], files: list[Path], declared_m: float | None) -> DepthUnit:
    if declared_m is not None:
        return DepthUnit(declared_m, "declared")
    if stored.dtype.kind == "f":
        return DepthUnit(1e-3 if _are_mostly_large(stored) else 1.0, "assumed")
    is_tum = all(re.fullmatch(r"\d{9,}\.\d+", file.stem) for file in files)
    return DepthUnit(TUM_UNIT_M if is_tum else 1e-3, "assumed")


def _are_mostly_large(stored: NDArray[Any], limit: float = 50.0) -> bool:
    """Whether most measurements (t, h, w) are at or above a limit."""
    num_small = num_large = 0
    for part in windows(stored, 1):
        valid = stored[part][np.isfinite(stored[part]) & (stored[part] > 0)]
        num_small += int((valid < limit).sum())
        num_large += int((valid >= limit).sum())
    return num_large > num_small


def _undistorted(
    rgb: NDArray[np.uint8],
    depth_mm: NDArray[np.uint16],
    camera: Intrinsics,
    source: str,
    notes: list[str],
) -> tuple[NDArray[Any], NDArray[Any]]:
    rgb, shift = undistort(rgb, camera.lens, camera.K, nearest=False, source=source)
    depth_mm, _ = undistort(depth_mm, camera.lens, camera.K, nearest=True, source=source)
    if shift:
        notes.append(f"lens: {camera.lens.model} distortion of up to {shift:.1f} px undone")
    return rgb, depth_mm


def _size(stack: NDArray[Any]) -> str:
    return f"{stack.shape[2]}x{stack.shape[1]}"
