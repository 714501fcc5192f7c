"""A camera's pictures: PNG or JPEG within the Parquet, or films, at the student's size."""

import io
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.images import as_rgb, check_encoded, check_total
from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line
from xsim_core.files.windows import empty, let_go
from xsim_core.policies.config import StudentArchitecture

from .choose import Chosen
from .films import film_frames
from .layout import Layout
from .rows import NEAR_FRAMES, Rows, data_files

SAME_ASPECT = 0.01
SMALLEST_PX = 16
BATCH_ROWS = 64

Put = Callable[[int, NDArray[np.uint8]], None]


def read_pictures(
    layout: Layout, chosen: Chosen, rows: Rows, image_hw: tuple[int, int] | None, notes: list[str]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The pictures (n, h, w, 3) RGB of these rows, and their size in the dataset.

    Args:
        layout: the dataset.
        chosen: which camera.
        rows: those that are taken.
        image_hw: what they are brought to; None: as ``student_size`` has it.
        notes: receives what was changed.

    Raises:
        BadInputError: for pictures that are missing, damaged, too large, or of several sizes.
    """
    made: list[NDArray[np.uint8]] = []
    given: list[tuple[int, int]] = []
    seen = np.zeros(len(rows.episode), bool)

    def put(row: int, picture: NDArray[np.uint8]) -> None:
        hw = (int(picture.shape[0]), int(picture.shape[1]))
        if not made:
            target = image_hw or student_size(*hw)
            check_total(len(seen), target, str(layout.folder))
            made.append(empty((len(seen), *target, 3), np.uint8))
            given.append(hw)
        if hw != given[0]:
            raise BadInputError(
                f"{layout.folder}: pictures of {chosen.camera.name} are {given[0][1]}x{given[0][0]}"
                f" and {hw[1]}x{hw[0]}; they must be of one size."
            )
        made[0][row] = resized(picture, *made[0].shape[1:3])
        seen[row] = True
        let_go(made[0])

    if chosen.camera.dtype == "video":
        _from_films(layout, chosen, rows, put)
    else:
        _from_parquet(layout, chosen, rows, put)
    if not seen.all():
        row = int(np.flatnonzero(~seen)[0])
        raise BadInputError(
            f"{layout.folder}: row {rows.frame[row]} of episode {rows.episode[row]} has no picture."
        )
    rgb, (h, w) = made[0], given[0]
    if rgb.shape[1:3] != (h, w):
        notes.append(f"pictures of {w}x{h} are brought to {rgb.shape[2]}x{rgb.shape[1]}")
        off = abs(rgb.shape[2] * h / (rgb.shape[1] * w) - 1)
        if off > SAME_ASPECT:
            notes.append(f"that stretches them by {off:.0%}: whoever deploys must do the same")
    return rgb, (h, w)


def student_size(h: int, w: int) -> tuple[int, int]:
    """Height and width for the student: its own where the aspect is, else as many pixels.

    Smaller pictures stay as they are.
    """
    height, width = StudentArchitecture().image_hw
    if h * w <= height * width:
        return h, w
    if abs(w * height / (h * width) - 1) <= SAME_ASPECT:
        return height, width
    scale = math.sqrt(height * width / (h * w))
    return max(SMALLEST_PX, round(h * scale)), max(SMALLEST_PX, round(w * scale))


def resized(picture: NDArray[np.uint8], h: int, w: int) -> NDArray[np.uint8]:
    """(h, w, 3): averaged over areas where it shrinks."""
    import cv2

    if picture.shape[:2] == (h, w):
        return picture
    shrinks = h * w < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (w, h), interpolation=how), np.uint8)


def _from_films(layout: Layout, chosen: Chosen, rows: Rows, put: Put) -> None:
    """A film holds one episode (2.1) or several (3.0): it is gone through once."""
    camera, wanted = chosen.camera.name, dict[Any, list[tuple[float, int]]]()
    ends = rows.episode_ends.tolist()
    for first, end in zip([0, *ends[:-1]], ends, strict=True):
        path, began_s = layout.film(camera, int(rows.episode[first]))
        times = began_s + rows.frame[first:end] / layout.fps
        wanted.setdefault(path, []).extend(zip(times.tolist(), range(first, end), strict=True))
    for path, places in wanted.items():
        places.sort()
        k = 0
        for time_s, picture in film_frames(path):
            while k < len(places) and places[k][0] < time_s - NEAR_FRAMES / layout.fps:
                raise _no_frame(path, places[k], rows)
            while k < len(places) and abs(places[k][0] - time_s) <= NEAR_FRAMES / layout.fps:
                put(places[k][1], picture)
                k += 1
            if k == len(places):
                break
        if k < len(places):
            raise _no_frame(path, places[k], rows)


def _no_frame(path: Any, place: tuple[float, int], rows: Rows) -> BadInputError:
    time_s, row = place
    return BadInputError(
        f"{path} has no frame at {time_s:.4f} s, where row {rows.frame[row]} of episode "
        f"{rows.episode[row]} is: it is cut short, or of a variable frame rate. Download or write "
        "it again."
    )


def _from_parquet(layout: Layout, chosen: Chosen, rows: Rows, put: Put) -> None:
    from PIL import Image

    name = chosen.camera.name
    for i, (source, data) in enumerate(encoded(layout, name)):
        row = int(rows.place[i])
        if row < 0:
            continue
        if data is None:
            raise BadInputError(
                f"{source}: row {i} of {name} names a file instead of holding a picture. Write the "
                "dataset with its pictures in it, as save_episode() of LeRobot does."
            )
        check_encoded(data, source)
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                put(row, as_rgb(image, source))
        except (OSError, ValueError, SyntaxError) as error:
            raise BadInputError(
                f"{source}: row {i} of {name} cannot be decoded: {one_line(error)}"
            ) from error


def encoded(layout: Layout, name: str) -> Iterator[tuple[str, bytes | None]]:
    """Every row's picture as it lies in the files, and in which; None where it names a file.

    Raises:
        BadInputError: where the files cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in data_files(layout):
        try:
            file = pq.ParquetFile(path)
            for batch in file.iter_batches(BATCH_ROWS, columns=[name], use_threads=False):
                for cell in batch.column(name).to_pylist():
                    found = cell.get("bytes") if isinstance(cell, dict) else None
                    yield str(path), found if isinstance(found, bytes) else None
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            if isinstance(error, BadInputError):
                raise
            raise BadInputError(f"{path}: {name} cannot be read: {one_line(error)}") from error
