"""Masks of the object in a frame, as segmenters leave them, and the box of one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.folders.first_box import first_boxes
from xsim_core.capture.readers.images import image_files, open_image
from xsim_core.capture.readers.video import video_files
from xsim_core.errors import XSimError

from .facts import FirstBox, Found
from .films import ReadFilm, said
from .tree import Tree

WORDS = ("mask", "segm", "label")
PLAIN = "masks"
"""FoundationPose's folder, a mask a frame."""
LEAST_PX = 16
MOST_LABELS = 64


def mask_files(tree: Tree) -> list[Path]:
    """Images whose name, or whose folder's name, calls them masks; in natural order."""
    return [
        path
        for folder in tree.folders
        for path in image_files(folder)
        if _is_named(path.stem) or (folder != tree.root and _is_named(folder.name))
    ]


def _is_named(name: str) -> bool:
    return any(word in name.lower() for word in WORDS)


def look_at_masks(
    files: list[Path], tree: Tree, film: ReadFilm | None
) -> tuple[list[Found], FirstBox | None]:
    """What the masks are, a folder each; and the object's box by the first that fits the film."""
    found: list[Found] = []
    box: FirstBox | None = None
    for folder in dict.fromkeys(path.parent for path in files):
        mine = [path for path in files if path.parent == folder]
        where = folder if len(mine) > 1 else mine[0]
        what = f"{len(mine)} masks" if len(mine) > 1 else "a mask"
        try:
            labels = _labels(mine[0])
            frame = 0 if film is None else _frame_of(mine[0], film)
            fault, bounds = _bounds(labels, film)
        except XSimError as error:
            found.append(Found(path=tree.rel(where), what=what, fault=said(error, tree)))
            continue
        if bounds is not None and box is None and film is not None and frame is not None:
            box = FirstBox(frame=frame, box_xyxy=bounds, source=f"the mask {tree.rel(mine[0])}")
        elif bounds is not None and frame is None:
            fault = f"{mine[0].name} has the name of no frame"
        found.append(Found(path=tree.rel(where), what=what, fault=fault))
    return found, box


@dataclass(frozen=True)
class Annotated:
    """What lies beside a film that tells boxes, and the box if it is only one."""

    found: Found
    box: FirstBox | None


def boxes_beside(film: ReadFilm, tree: Tree) -> Annotated | None:
    """The object's box by a dataset's annotations (BOP); plain masks are looked at by themselves.

    Of several objects none is chosen: their numbers and boxes are told.
    """
    try:
        boxes = [b for b in first_boxes(film.path) if not b.source.startswith(f"{PLAIN}/")]
    except XSimError as error:
        fault = said(error, tree)
        return Annotated(Found(path=tree.rel(film.path), what="annotations", fault=fault), None)
    if not boxes:
        return None
    path = tree.rel(film.path / boxes[0].source)
    what = f"{len(boxes)} annotated in frame {boxes[0].frame}"
    if len(boxes) > 1:
        told = ", ".join(f"{b.object_id or b.source}: {list(b.box_xyxy)}" for b in boxes[:8])
        fault = f"which is the object nothing says; write its box as init_box_xyxy ({told})"
        return Annotated(Found(path=path, what=what, fault=fault), None)
    box = FirstBox(frame=boxes[0].frame, box_xyxy=boxes[0].box_xyxy, source=path)
    return Annotated(Found(path=path, what=what), box)


def _labels(path: Path) -> NDArray[Any]:
    """Values (h, w) of a mask; a coloured one by its colours."""
    with open_image(path) as image:
        values = np.asarray(image)
    if values.ndim == 2:
        return values
    if values.shape[2] in (2, 4):  # Alpha is no label.
        values = values[..., :-1]
    return values.astype(np.int64) @ (256 ** np.arange(values.shape[2]))


def _frame_of(path: Path, film: ReadFilm) -> int | None:
    """The frame with the mask's name; a single mask without one is that of the first frame."""
    places = [folder for folder in video_files(film.path)[0] if "depth" not in folder.name]
    stems = [file.stem for folder in places for file in image_files(folder)]
    if path.stem in stems:
        return stems.index(path.stem)
    is_alone = len(image_files(path.parent)) == 1 or path.parent == film.path
    return 0 if is_alone or not stems else None


def _bounds(
    labels: NDArray[Any], film: ReadFilm | None
) -> tuple[str, tuple[float, float, float, float] | None]:
    """Why it is no mask of the film; or the box, left, top, right, bottom."""
    if film is None:
        return "there is no video that it belongs to", None
    h, w = labels.shape
    if (h, w) != film.video.rgb.shape[1:3]:
        wanted = f"{film.video.camera.width}x{film.video.camera.height}"
        return f"the mask is {w}x{h}, the video {wanted}: which pixels it means is not known", None
    values, counts = np.unique(labels[labels != 0], return_counts=True)
    if len(values) > MOST_LABELS:  # Grey between black and white: smoothed, or saved as JPEG.
        labels = (labels > labels.max() / 2).astype(np.uint8)
        values, counts = np.ones(1, np.uint8), labels.sum(keepdims=True).reshape(-1)
    many = values[counts >= LEAST_PX]
    if len(many) != 1:
        return f"it holds {len(many)} things; which is the object nothing says", None
    rows, columns = np.nonzero(labels == many[0])
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return "", (float(left), float(top), float(right), float(bottom))
