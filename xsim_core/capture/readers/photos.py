"""Photos of the room: every image of a folder in natural order, or the best frames of a film."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

from .images import (
    COLOUR_SUFFIXES,
    MAX_IMAGE_PIXELS,
    as_rgb,
    image_files,
    open_image,
    stack_images,
)
from .one_camera import of_one_camera
from .photo_films.read_film import ACCEPTS as ACCEPTS_FILM, is_film, read_film_as_photos

ACCEPTS = (
    f"{' '.join(COLOUR_SUFFIXES)}; all of one size, up to {MAX_IMAGE_PIXELS // 1_000_000} "
    "megapixels; 16-bit grey is brought to 8 bits; turned upright as EXIF says. Or "
    f"{ACCEPTS_FILM}"
)
_NOT_READ = (
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".jxl", ".jp2", ".gif", ".svg",
    ".psd", ".exr", ".hdr", ".mov", ".mp4", ".m4v",
)  # fmt: skip
"""Pictures and films that phones and cameras leave beside photos."""


def read_photos(folder: Path, notes: list[str] | None = None) -> NDArray[np.uint8]:
    """Photos (n, h, w, 3) in natural order of their names, or in a film's order.

    Args:
        folder: where they lie; or a film.
        notes: receives what was left out or converted.

    Raises:
        BadInputError: when there are none, or their sizes differ.
    """
    return read_named_photos(folder, [] if notes is None else notes)[0]


def read_named_photos(folder: Path, notes: list[str]) -> tuple[NDArray[np.uint8], list[str]]:
    """As ``read_photos``, with the names of the files, or the times in the film."""
    if is_film(folder):
        return read_film_as_photos(folder, notes)
    files = image_files(folder)
    left_out = [p.name for p in image_files(folder, _NOT_READ)]
    if not files:
        there = f"; it holds {_some(left_out)}, which is not read" if left_out else ""
        films = [name for name in left_out if is_film(folder / name)]
        there += f". A film is named itself (`photos: {folder.name}/{films[0]}`)" if films else ""
        raise BadInputError(
            f"{folder} holds no photos ({', '.join(COLOUR_SUFFIXES)}){there}. "
            "Take 30 or more of the empty room from around the table, with the board in view; or "
            "state `room: film` in capture.yaml, and the video gives the room that it sees."
        )
    files = of_one_camera(files, notes)
    if left_out:
        notes.append(f"photos: {len(left_out)} left out, not read: {_some(left_out)}")

    def read(file: Path) -> NDArray[np.uint8]:
        with open_image(file) as photo:
            if file == files[0] and photo.mode.startswith("I"):
                notes.append("photos: 16-bit grey, brought to 8 bits")
            return as_rgb(photo, str(file))

    return stack_images(files, read), [file.name for file in files]


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
