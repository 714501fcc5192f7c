"""Where the object is in the first frame, as masks or annotations beside a film tell it.

FoundationPose's demo keeps ``masks/`` by the names of colour images (its reader takes any channel
that is not zero); BOP keeps ``mask_visib/IMAGE_INSTANCE.png``, ``scene_gt.json`` (``obj_id`` of
each instance) and ``scene_gt_info.json`` (``bbox_visib`` as left, top, width, height).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import MAX_IMAGE_PIXELS, image_files, open_image

from .bop_scene import MEND, read_scene
from .names import MASK_FOLDERS, SCENE_FILES, colour_folder

MIN_SIDE_PX = 4

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FirstBox:
    """A box that somebody's masks or annotations give."""

    frame: int
    """As ``init_frame`` counts: among the colour images in natural order."""
    box_xyxy: Box
    """Left, top, right, bottom in pixels; right and bottom are the first that lie outside."""
    source: str
    """The file, relative to the film's folder."""
    object_id: int | None = None
    """As BOP numbers objects, where that is told."""


def first_boxes(folder: Path) -> list[FirstBox]:
    """Each object's box in the first frame that has any; empty where nothing tells one.

    Args:
        folder: of the film, with its colour images.

    Raises:
        BadInputError: when a mask or an annotation cannot be read.
    """
    place = colour_folder(folder)
    if place is None:
        return []
    frames = {file.stem: i for i, file in enumerate(image_files(place))}
    return _by_masks(folder, frames) or _by_annotations(folder, frames)


def mask_box(mask: NDArray[Any]) -> Box | None:
    """The box around what is not zero in a mask (h, w[, c]); None for less than a few pixels."""
    flat = mask.any(axis=2) if mask.ndim == 3 else mask != 0
    rows, columns = np.flatnonzero(flat.any(axis=-1)), np.flatnonzero(flat.any(axis=0))
    if len(rows) == 0:
        return None
    box = float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    return box if min(box[2] - box[0], box[3] - box[1]) >= MIN_SIDE_PX else None


def _by_masks(folder: Path, frames: dict[str, int]) -> list[FirstBox]:
    for name in MASK_FOLDERS:
        by_frame: dict[int, list[tuple[Path, int | None]]] = {}
        for file in image_files(folder / name):
            stem, instance = file.stem, None
            if stem not in frames and (match := re.fullmatch(r"(\d+)_(\d+)", stem)):
                stem, instance = match.group(1), int(match.group(2))
            if stem in frames:
                by_frame.setdefault(frames[stem], []).append((file, instance))
        for frame in sorted(by_frame):
            boxes = [
                FirstBox(frame, box, f"{name}/{file.name}", _object_id(folder, file, instance))
                for file, instance in by_frame[frame]
                if (box := _box_of(file)) is not None
            ]
            if boxes:
                return boxes
    return []


def _box_of(file: Path) -> Box | None:
    with open_image(file) as image:
        # Channel by channel: a picture with transparency is opaque where it shows nothing.
        return mask_box(np.asarray(image.convert("RGB") if image.mode == "RGBA" else image))


def _object_id(folder: Path, mask: Path, instance: int | None) -> int | None:
    path = folder / SCENE_FILES[0]
    if instance is None or not path.is_file():
        return None
    with reading(path, MEND):
        return int(read_scene(path)[int(mask.stem.split("_")[0])][instance]["obj_id"])


def _by_annotations(folder: Path, frames: dict[str, int]) -> list[FirstBox]:
    truth, info = (folder / name for name in SCENE_FILES)
    if not (truth.is_file() and info.is_file()):
        return []
    with reading(info, MEND):
        objects, told = read_scene(truth), read_scene(info)
        numbered = sorted((i, int(stem)) for stem, i in frames.items() if stem.isdecimal())
        for frame, number in numbered:
            boxes = [
                FirstBox(
                    frame,
                    (float(x), float(y), float(x + w), float(y + h)),
                    info.name,
                    int(ids["obj_id"]),
                )
                for ids, one in zip(objects.get(number, []), told.get(number, []), strict=True)
                for x, y, w, h in [one["bbox_visib"]]
                if min(w, h) >= MIN_SIDE_PX and max(map(abs, (x, y, w, h))) <= MAX_IMAGE_PIXELS
            ]
            if boxes:
                return boxes
    return []
