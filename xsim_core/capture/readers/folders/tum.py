"""TUM RGB-D folders: ``rgb.txt`` and ``depth.txt`` say which image was taken when.

Written from the benchmark's pages "File Formats" and "Intrinsic Camera Calibration of the Kinect"
(Sturm et al., IROS 2012): a time in seconds and a file a line, ``#`` before comments; 5000 steps of
depth a metre; no intrinsics in the folder. Its ``associate.py`` pairs what is nearer than 20 ms;
here the nearest pair up if they are nearer than 0.6 of a frame. ICL-NUIM's folders in this form
give frame numbers in place of times.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.clock import mend_clock, to_seconds
from xsim_core.capture.readers.pairing import ASSUMED_FPS, Pairs, pair_times
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

from .names import COLOUR_FOLDERS, DEPTH_FOLDER, GREY_FOLDER, LISTS

UNIT_M = 2e-4
CAMERAS = {
    "freiburg1": "fx 517.306, fy 516.469, cx 318.643, cy 255.314, k1 0.262383, k2 -0.953104, "
    "p1 -0.005358, p2 0.002628, k3 1.163314",
    "freiburg2": "fx 520.909, fy 521.007, cx 325.141, cy 249.702, k1 0.231222, k2 -0.784899, "
    "p1 -0.003257, p2 -0.000105, k3 0.917205",
    "freiburg3": "fx 535.4, fy 539.2, cx 320.1, cy 247.6, without distortion",
}  # fmt: skip
"""The colour cameras as the benchmark publishes them, for 640x480."""


def is_listed(folder: Path) -> bool:
    """Whether both lists are there."""
    return all((folder / name).is_file() for name in LISTS)


def pair_listed(folder: Path, notes: list[str]) -> tuple[list[Path], list[Path], Pairs]:
    """The listed files of colour and of depth, and which belong together.

    Raises:
        BadInputError: with the line, when a list cannot be read or names no images.
    """
    colour, t_colour = _listed(folder, LISTS[0], (*COLOUR_FOLDERS, GREY_FOLDER), notes)
    depth, t_depth = _listed(folder, LISTS[1], (DEPTH_FOLDER,), notes)
    if _are_numbers(t_colour) and _are_numbers(t_depth):
        notes.append(
            f"{' and '.join(LISTS)} give frame numbers: {ASSUMED_FPS:g} frames a second assumed"
        )
        t_colour, t_depth = t_colour / ASSUMED_FPS, t_depth / ASSUMED_FPS
    t_colour, t_depth = (
        mend_clock(to_seconds(t, str(folder / name), notes), str(folder / name), notes)
        for t, name in zip((t_colour, t_depth), LISTS, strict=True)
    )
    pairs = pair_times(t_colour, t_depth, str(folder), notes)
    chosen = [i for i, _ in pairs], [j for _, j in pairs]
    return colour, depth, Pairs(*chosen, t_colour[chosen[0]])


def no_intrinsics(folder: Path) -> str:
    """What a person has to write down, as the folder does not tell it."""
    known = folder.resolve().name
    named = [c for c in CAMERAS if c in known] or list(CAMERAS)
    published = "; ".join(f"{name}: {CAMERAS[name]}" for name in named)
    return (
        f"{folder} holds no intrinsics: TUM's folders do not. Write them into camera.yaml beside "
        f"{LISTS[0]}, as 'fx: 517.306' and so on, a line each; published for 640x480 are "
        f"{published}."
    )


def _listed(
    folder: Path, name: str, places: tuple[str, ...], notes: list[str]
) -> tuple[list[Path], NDArray[np.float64]]:
    path = folder / name
    stamps, files, missing = list[float](), list[Path](), list[str]()
    for number, line in enumerate(read_text(path, notes).splitlines(), 1):
        columns = line.split("#")[0].replace(",", " ").split(maxsplit=1)
        if not columns:
            continue
        try:
            stamp, file = float(columns[0]), columns[1].strip()
        except (ValueError, IndexError):
            raise BadInputError(
                f"{path}: line {number} is '{line.strip()[:60]}'; it must be a time in seconds and "
                "a file"
            ) from None
        parts = Path(file).parts
        # What lies elsewhere is no part of the capture, and its change would not be seen.
        if len(parts) != 2 or parts[0] not in places:
            raise BadInputError(
                f"{path}: line {number} names '{file[:60]}'; images are looked for in "
                f"{', '.join(f'{p}/' for p in places)} beside {name}"
            )
        if _is_there(folder / file):
            stamps.append(stamp)
            files.append(folder / file)
        else:
            missing.append(file)
    if not files:
        raise BadInputError(f"{path} lists {len(missing)} images, and none of them is there")
    if missing:
        first = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        notes.append(f"{name}: {len(missing)} listed images are missing, left out: {first}")
    return files, np.array(stamps)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A name longer than the file system has any.
        return False


def _are_numbers(stamps: NDArray[np.float64]) -> bool:
    """Whether times are numbers of frames: whole, and mostly one apart."""
    if len(stamps) < 2 or not np.isfinite(stamps).all() or (stamps % 1).any():
        return False
    return bool(np.median(np.diff(stamps)) == 1)
