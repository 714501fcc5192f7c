"""Photos with the poses that came with them, as one pinhole camera takes them."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import image_files, register_heif
from xsim_core.errors import BadInputError

from .cameras import PosedPhoto, common_pinhole, read_as
from .colmap_model import is_model, read_model
from .nerfstudio import read_transforms

ACCEPTS = (
    "transforms.json (nerfstudio, instant-ngp: OpenGL axes, distortion, applied_transform undone); "
    "a COLMAP model, text or binary, in sparse/0, sparse, or beside the photos"
)
TRANSFORMS = "transforms.json"
PLACES = (TRANSFORMS, "sparse/0", "sparse", "colmap/sparse/0", ".")
"""Where poses are looked for below the folder of photos, in this order."""
_TURNED = 5
"""EXIF orientations from here on swap width and height."""


@dataclass(frozen=True)
class PosedPhotos:
    """Photos of one pinhole camera, and where it was."""

    images: NDArray[np.uint8]
    """(n, h, w, 3)."""
    T_given_cam: NDArray[np.float64]
    """(n, 4, 4) in the frame and unit of the file."""
    K: NDArray[np.float64]
    """(3, 3), pixel centres at integers."""


def poses_in(folder: Path) -> str | None:
    """What below a folder of photos tells their poses, relative to it; None where nothing does."""
    for name in PLACES:
        place = folder / name
        if place.is_file() if name == TRANSFORMS else place.is_dir() and is_model(place):
            return name
    return None


def read_posed_photos(folder: Path, name: str, notes: list[str]) -> PosedPhotos:
    """The photos whose poses are known, at most those that the file names.

    Args:
        folder: of the photos.
        name: of the file or model, relative to it.
        notes: receives what was left out or changed.

    Raises:
        BadInputError: when there is no such file, it cannot be read, or its photos are not these.
    """
    place = folder / name
    if not place.resolve().is_relative_to(folder.resolve()):
        raise BadInputError(f"{place} lies outside the folder of photos {folder}")
    if place.is_dir() and is_model(place):
        photos = read_model(place, folder, notes)
    elif place.is_file():
        photos = read_transforms(place, notes)
    else:
        raise BadInputError(f"{place} is neither a transforms.json nor a COLMAP model. {ACCEPTS}")
    if not photos:
        raise BadInputError(f"{place} names no photo that lies in {folder}")
    photos = [_as_large_as_its_file(photo) for photo in photos]
    photos = _most_alike_first(photos)
    pinhole = common_pinhole([p.camera for p in photos], str(place))
    in_order = sorted(photos, key=lambda p: p.file.as_posix())
    images, is_bent = read_as(in_order, pinhole, str(folder))
    count = len({p.camera.key for p in photos})
    notes.append(f"photos: the poses of {len(photos)} are those of {name}, not solved anew")
    if is_bent:
        cameras = "one camera" if count == 1 else f"{count} cameras"
        notes.append(f"photos: of {cameras}, brought to one pinhole camera without distortion")
    if left_out := _without_pose(photos, folder):
        notes.append(f"photos: {len(left_out)} left out, {name} has no pose of {left_out[0]}…")
    return PosedPhotos(images, np.stack([p.T_given_cam for p in in_order]), pinhole.K)


def _as_large_as_its_file(photo: PosedPhoto) -> PosedPhoto:
    register_heif()
    with reading(photo.file, "Export it again."), Image.open(photo.file) as opened:
        width, height = opened.size
        if opened.getexif().get(0x112, 1) >= _TURNED:
            width, height = height, width
    return replace(photo, camera=photo.camera.of_size(width, height, str(photo.file)))


def _most_alike_first(photos: list[PosedPhoto]) -> list[PosedPhoto]:
    """Those of the camera that took most of them come first: its size is that of all."""
    counts = Counter(p.camera.key for p in photos)
    return sorted(photos, key=lambda p: -counts[p.camera.key])


def _without_pose(photos: list[PosedPhoto], folder: Path) -> list[str]:
    """Images beside those with poses that have none."""
    known = {p.file.resolve() for p in photos}
    beside = {p.file.parent for p in photos}
    files = [f for place in sorted(beside) for f in image_files(place)]
    return [f.name for f in files if f.resolve() not in known]
