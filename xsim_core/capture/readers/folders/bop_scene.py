"""A scene of a BOP dataset: intrinsics and depth's scale for each image.

Written from ``docs/bop_datasets_format.md`` of bop_toolkit (2025): ``scene_camera.json`` maps an
image's number to ``cam_K`` (3x3, row by row) and ``depth_scale`` (millimetres a step of depth).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.intrinsics import Intrinsics, matrix_of
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

from .names import SCENE_CAMERA

MEND = "Copy the scene's folder again, with all of its .json files."


@dataclass(frozen=True)
class SceneCamera:
    """The cameras of a scene's images."""

    K: NDArray[np.float64]
    """(t, 3, 3)."""
    unit_m: float
    """Metres a step of depth."""


def read_scene(path: Path) -> dict[int, Any]:
    """A file of a scene by the numbers of its images.

    Raises:
        BadInputError: when it cannot be read, or is no such mapping.
    """
    with reading(path, MEND):
        raw = json.loads(read_text(path, []))
    if not isinstance(raw, dict) or not raw:
        raise BadInputError(f"{path} must map the numbers of images, as BOP's files do. {MEND}")
    try:
        return {int(key): value for key, value in raw.items()}
    except ValueError as error:
        raise BadInputError(f"{path}: a key is no image's number ({error}). {MEND}") from error


def number_of(name: str, source: Path) -> int:
    """The number that BOP gives an image by its name.

    Raises:
        BadInputError: when it is no number.
    """
    if not name.isdecimal():
        raise BadInputError(
            f"{source} goes by the numbers of images, and '{name}' is none: name them 000000.png …"
        )
    return int(name)


def scene_camera(folder: Path, names: list[str], notes: list[str]) -> SceneCamera:
    """The cameras of the images with these names.

    Raises:
        BadInputError: for images without a camera, matrices that are none, and scales that differ.
    """
    path = folder / SCENE_CAMERA
    told = read_scene(path)
    numbers = [number_of(name, path) for name in names]
    if missing := [n for n in numbers if n not in told]:
        some = ", ".join(map(str, missing[:5])) + (" …" if len(missing) > 5 else "")
        raise BadInputError(
            f"{path} has no camera for {len(missing)} of {len(numbers)} images ({some}); it has "
            f"{len(told)}, from {min(told)} to {max(told)}. {MEND}"
        )
    K, scales, said = list[NDArray[np.float64]](), set[float](), list[str]()
    for n in numbers:
        with reading(path, MEND):
            K.append(matrix_of(told[n]["cam_K"], f"{path}: cam_K of image {n}", said))
            scales.add(float(told[n].get("depth_scale", 1.0)))
    if said:
        notes.append(f"{said[0]}, and so were {len(said) - 1} more")
    if len(scales) > 1:
        raise BadInputError(
            f"{path}: depth_scale differs between images ({', '.join(map(str, sorted(scales)))}). "
            "Store depth in one unit."
        )
    (scale,) = scales
    return SceneCamera(np.stack(K), round(1e-3 * scale, 12))


def checked(K: NDArray[np.float64], image_wh: tuple[int, int], path: Path) -> None:
    """Refuse matrices (t, 3, 3) that no camera with such images has.

    Raises:
        BadInputError: with the values.
    """
    for one in np.unique(K, axis=0):
        Intrinsics(one, image_wh).fit_to(image_wh, str(path), [])
