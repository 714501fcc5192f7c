"""A COLMAP model, text or binary: ``cameras``, ``images``, ``points3D``.

Format: https://colmap.github.io/format.html
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import natural_key
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3

from .cameras import PhotoCamera, PosedPhoto

Floats = NDArray[np.float64]

MEND = "Write it anew with `colmap model_converter`."
MAX_BYTES = 2 << 30
"""Of each file of a model."""
DISTORTION = {
    "SIMPLE_PINHOLE": (1, ()), "PINHOLE": (2, ()),
    "SIMPLE_RADIAL": (1, (3,)), "RADIAL": (1, (3, 4)),
    "OPENCV": (2, (4, 5, 6, 7)), "FULL_OPENCV": (2, (4, 5, 6, 7, 8, 9, 10, 11)),
    "SIMPLE_RADIAL_FISHEYE": (1, (3,)), "RADIAL_FISHEYE": (1, (3, 4)),
    "OPENCV_FISHEYE": (2, (4, 5, 6, 7)), "SIMPLE_FISHEYE": (1, ()), "FISHEYE": (2, ()),
    "FOV": (2, (4,)),
}  # fmt: skip
"""By model: how many focal lengths, and which parameters are its distortion."""


def is_model(folder: Path) -> bool:
    """Whether a folder holds a model."""
    return any(
        all((folder / f"{name}.{suffix}").is_file() for name in ("cameras", "images", "points3D"))
        for suffix in ("bin", "txt")
    )


def read_model(folder: Path, photos: Path, notes: list[str]) -> list[PosedPhoto]:
    """The photos of the model, in natural order of their names.

    Args:
        folder: of the model.
        photos: folder in which, or in whose ``images/``, they lie.
        notes: receives what was left out.

    Raises:
        BadInputError: when it cannot be read, or its photos are not there.
    """
    # Imported before pycolmap, whose import breaks its writing of PNG.
    import cv2  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import pycolmap

    pycolmap.logging.minloglevel = pycolmap.logging.Level.FATAL.value
    with reading(folder, MEND):
        _check_counts(folder)
        model = pycolmap.Reconstruction(folder)
        # Names that are no text are found as they are asked for.
        posed = [(image.name, image) for image in model.images.values() if image.has_pose]
    found: list[PosedPhoto] = []
    missing: list[str] = []
    for name, image in posed:
        file = _file(photos, name)
        if file is None:
            missing.append(name)
            continue
        T_cam_given = np.vstack([_matrix(image, f"{folder}: {name}"), [0, 0, 0, 1]])
        camera = _camera(model.cameras[image.camera_id], f"{folder}: {name}")
        found.append(PosedPhoto(file, camera, inverse_se3(T_cam_given)))
    if missing:
        notes.append(
            f"{folder.name}: {len(missing)} photos of the model are not there: {missing[0]}…"
        )
    return sorted(found, key=lambda p: natural_key(p.file.as_posix()))


def _check_counts(folder: Path) -> None:
    """COLMAP makes room for as many as a binary file claims, and reads on behind its end.

    Raises:
        BadInputError: when a file ends before what it counts.
    """
    if not (folder / "cameras.bin").is_file():
        return
    for name, walk in _WALKS.items():
        path = folder / name
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(f"{path} has {path.stat().st_size / 1e9:.1f} GB; is it a model?")
        data = path.read_bytes()
        try:
            (count,) = _COUNT.unpack_from(data)
            at = _COUNT.size
            for _ in range(count):
                at = walk(data, at)
                if at > len(data):
                    break
        except (struct.error, ValueError):
            at = len(data) + 1
        if at > len(data):
            raise BadInputError(f"{path} ends before all that it counts: copy it again. {MEND}")


def _after_camera(data: bytes, at: int) -> int:
    """Number, model, width and height; the model's parameters come after them."""
    del data
    return at + 24


def _after_image(data: bytes, at: int) -> int:
    """Number, pose and camera; a name that ends with a zero; its points, of 24 bytes each."""
    at = data.index(b"\0", at + 64) + 1
    (count,) = _COUNT.unpack_from(data, at)
    return at + _COUNT.size + 24 * int(count)


def _after_point(data: bytes, at: int) -> int:
    """Number, place, colour and error; then what sees it, of 8 bytes each."""
    (count,) = _COUNT.unpack_from(data, at + 43)
    return at + 43 + _COUNT.size + 8 * int(count)


_COUNT = struct.Struct("<Q")
_WALKS = {"cameras.bin": _after_camera, "images.bin": _after_image, "points3D.bin": _after_point}


def _matrix(image: Any, what: str) -> Floats:
    """``T_cam_given`` (3, 4); quaternions of any length are kept by pycolmap.

    Raises:
        BadInputError: for a quaternion without length, and numbers that are none.
    """
    pose = image.cam_from_world()
    length = float(np.linalg.norm(pose.rotation.quat))
    if not (0 < length < np.inf and np.isfinite(pose.translation).all()):
        raise BadInputError(
            f"{what} has the rotation {pose.rotation.quat.tolist()} (x, y, z, w) and the "
            f"translation {pose.translation.tolist()}, which are no pose. {MEND}"
        )
    x, y, z, w = pose.rotation.quat / length
    R = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    return np.c_[R, pose.translation]


def _file(photos: Path, name: str) -> Path | None:
    """The photo of that name below the folder."""
    for root in (photos / "images", photos):
        file = root / name
        if file.is_file() and file.resolve().is_relative_to(photos.resolve()):
            return file
    return None


def _camera(camera: Any, where: str) -> PhotoCamera:
    model = camera.model.name
    if model not in DISTORTION:
        raise BadInputError(
            f"{where}: camera model {model} is not read ({', '.join(DISTORTION)} are): undistort "
            "with `colmap image_undistorter`"
        )
    focal, which = DISTORTION[model]
    p = np.asarray(camera.params, dtype=np.float64)
    if min(camera.width, camera.height) < 1 or not np.isfinite(p).all() or p[:focal].min() <= 0:
        raise BadInputError(
            f"{where}: its camera of {camera.width}x{camera.height} pixels with the parameters "
            f"{p.tolist()} is none"
        )
    fx, fy, (cx, cy) = p[0], p[focal - 1], p[focal : focal + 2]
    # COLMAP puts pixel centres at half-integers, we at integers.
    K = np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]])
    values = [float(p[i]) for i in which]
    if "FISHEYE" in model:
        values, name = [*values, 0, 0, 0, 0][:4], "fisheye"
    elif model == "FOV":
        name = "ftheta"
    elif model == "FULL_OPENCV":
        name = "rational_polynomial"
    else:
        values, name = [*values, 0, 0, 0, 0, 0][:5], "opencv"
    lens = Lens() if "PINHOLE" in model else Lens.of(name, values, where)
    return PhotoCamera(int(camera.width), int(camera.height), K, lens)
