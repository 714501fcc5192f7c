"""The chosen frames of a colour film, decoded by OpenCV as ``folders.film`` does it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.folders.film import MEND
from xsim_core.capture.readers.folders.names import FILM_SUFFIXES
from xsim_core.capture.readers.images import check_pixels, check_total
from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go

from .choice import choose, sharpness, step_between

ACCEPTS = (
    f"a film of the room ({' '.join(FILM_SUFFIXES)}), as a phone takes it: the sharpest frame of "
    "each stretch of the camera's way, told with its time"
)
MOST_PHOTOS = 60
LEAST_PHOTOS = 8
"""With fewer there is nothing to triangulate from."""
LOOKED_AT_A_S = 15.0
MOST_LOOKED_AT = 1500
MOST_FRAMES = 36_000
"""Ten minutes at 60 a second."""
WIDE = 320
"""Larger side of the pictures by which frames are chosen."""


@dataclass(frozen=True)
class _Looked:
    """The frames by which the choice is made."""

    number: NDArray[np.int64]
    """(n,) in the film."""
    times_s: NDArray[np.float64]
    stretches: NDArray[np.float64]
    sharp: NDArray[np.float64]
    image_hw: tuple[int, int]
    num_frames: int


def is_film(path: Path) -> bool:
    """Whether that is a film, and no folder of photos."""
    return path.suffix.lower() in FILM_SUFFIXES and not path.is_dir()


def size_and_length(path: Path) -> tuple[tuple[int, int], float]:
    """Width and height, and seconds, as a film's header says.

    Raises:
        BadInputError: when it cannot be opened.
    """
    import cv2

    with _opened(path) as film:
        w, h = (film.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        fps, count = film.get(cv2.CAP_PROP_FPS), film.get(cv2.CAP_PROP_FRAME_COUNT)
    is_told = np.isfinite([fps, count]).all() and fps > 0 and count > 0
    return (int(w), int(h)), float(count / fps) if is_told else 0.0


def read_film_as_photos(path: Path, notes: list[str]) -> tuple[NDArray[np.uint8], list[str]]:
    """Frames (n, h, w, 3) of a film that see the room from places apart, upright as it says.

    With each one's time, as its name.

    Args:
        path: the film.
        notes: receives which frames were taken.

    Raises:
        BadInputError: when it cannot be decoded, is too long, or the camera hardly moved.
    """
    looked = _look(path)
    rows = choose(looked.stretches, looked.sharp, MOST_PHOTOS)
    way = float(looked.stretches.sum())
    if len(rows) < LEAST_PHOTOS:
        raise BadInputError(
            f"{path}: the camera hardly moved in its {looked.num_frames} frames; only {len(rows)} "
            f"see the room from places apart, {LEAST_PHOTOS} are needed. Walk around the table "
            "while filming, slowly, and move sideways rather than turn on the spot."
        )
    times = [f"{t:.2f}" for t in looked.times_s[rows]]
    notes.append(
        f"photos: {len(rows)} of the {looked.num_frames} frames of {path.name} are taken, the "
        f"sharpest of each stretch of the camera's way, at {', '.join(times)} s"
    )
    if way > 2 * MOST_PHOTOS:
        notes.append(
            f"photos: {path.name} shows a way of {way:.0f} stretches, more than {MOST_PHOTOS} "
            "frames can follow closely: neighbours may overlap too little. Film less of the room."
        )
    return _taken(path, looked.number[rows], looked.image_hw), [f"{t} s" for t in times]


def _look(path: Path) -> _Looked:
    """Every so many frames: how sharp, and how far from the one before."""
    import cv2

    rows: list[tuple[int, float, float, float]] = []
    before: NDArray[np.uint8] | None = None
    num_frames, image_hw = 0, (0, 0)
    with _opened(path) as film:
        stride = _stride(film)
        while film.grab():
            number, num_frames = num_frames, num_frames + 1
            if num_frames > MOST_FRAMES:
                raise BadInputError(
                    f"{path} has more than {MOST_FRAMES} frames. Cut it to the minutes that show "
                    "the room."
                )
            if number % stride:
                continue
            bgr = _retrieved(film, path, number)
            image_hw = bgr.shape[:2]
            grey = _small(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
            step = 0.0 if before is None else step_between(before, grey).stretch
            at_s = film.get(cv2.CAP_PROP_POS_MSEC) / 1000
            rows.append((number, at_s, step, sharpness(grey)))
            before = grey
    if not rows:
        raise BadInputError(f"{path} holds no frame that can be decoded. {MEND}")
    number, times_s, stretches, sharp = (np.array(column) for column in zip(*rows, strict=True))
    return _Looked(number, times_s, stretches, sharp, image_hw, num_frames)


def _stride(film: Any) -> int:
    """Of the frames that are looked at."""
    import cv2

    fps, count = film.get(cv2.CAP_PROP_FPS), film.get(cv2.CAP_PROP_FRAME_COUNT)
    fps, count = (v if np.isfinite(v) and v > 0 else 0.0 for v in (fps, count))
    by_time, by_count = fps / LOOKED_AT_A_S, min(count, MOST_FRAMES) / MOST_LOOKED_AT
    return max(1, int(min(by_time, 1000)), int(np.ceil(by_count)))


def _small(grey: NDArray[Any]) -> NDArray[np.uint8]:
    import cv2

    h, w = grey.shape
    scale = WIDE / max(h, w)
    if scale >= 1:
        return np.asarray(grey, np.uint8)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _taken(path: Path, numbers: NDArray[np.int64], image_hw: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    check_total(len(numbers), image_hw, str(path))
    photos = empty((len(numbers), *image_hw, 3), np.uint8)
    wanted = {int(number): row for row, number in enumerate(numbers)}
    with _opened(path) as film:
        for number in range(int(numbers[-1]) + 1):
            if not film.grab():
                raise BadInputError(f"{path}: frame {number} cannot be decoded. {MEND}")
            if number not in wanted:
                continue
            bgr = _retrieved(film, path, number)
            if bgr.shape[:2] != image_hw:
                raise BadInputError(f"{path}: its frames differ in size. {MEND}")
            photos[wanted[number]] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
            let_go(photos)
    return photos


def _retrieved(film: Any, path: Path, number: int) -> NDArray[np.uint8]:
    is_whole, bgr = film.retrieve()
    if not is_whole or bgr is None or bgr.ndim != 3 or bgr.shape[2] != 3:
        raise BadInputError(f"{path}: frame {number} cannot be decoded. {MEND}")
    return bgr


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    import cv2

    film = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not film.isOpened():
            raise BadInputError(f"{path} cannot be opened as a film. {MEND}")
        w, h = (film.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        check_pixels(int(h), int(w), str(path))
        yield film
    except cv2.error as error:
        raise BadInputError(f"{path} cannot be decoded ({error.err}). {MEND}") from error
    finally:
        film.release()
