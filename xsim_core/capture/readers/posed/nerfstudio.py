"""``transforms.json`` as nerfstudio and instant-ngp keep it.

Format: https://docs.nerf.studio/quickstart/data_conventions.html
"""

import json
import math
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import COLOUR_SUFFIXES, natural_key
from xsim_core.capture.readers.lens import Lens
from xsim_core.errors import BadInputError

from .cameras import PhotoCamera, PosedPhoto

Floats = NDArray[np.float64]

GL_TO_CV = np.diag([1.0, -1.0, -1.0, 1.0])
MAX_BYTES = 64 << 20
MODELS = {
    "PINHOLE": "none", "SIMPLE_PINHOLE": "none", "OPENCV": "opencv", "SIMPLE_RADIAL": "opencv",
    "RADIAL": "opencv", "PERSPECTIVE": "opencv", "OPENCV_FISHEYE": "fisheye", "FISHEYE": "fisheye",
}  # fmt: skip
"""Those that a pinhole camera can stand for, and what ``Lens`` calls their distortion."""


def read_transforms(path: Path, notes: list[str]) -> list[PosedPhoto]:
    """The photos that the file names, in natural order of their names.

    Camera axes are OpenGL's; ``applied_transform`` and ``applied_scale`` are undone, so that poses
    are in the frame that they had before nerfstudio's own processing.

    Args:
        path: of ``transforms.json``.
        notes: receives what was left out or mended.

    Raises:
        BadInputError: for what is no such file, or names photos that are elsewhere.
    """
    with reading(path, "Export it again."):
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(f"{path} has {path.stat().st_size / 1e6:.0f} MB; is it a list?")
        told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or not isinstance(told.get("frames"), list):
        raise BadInputError(f"{path} has no list 'frames' as a nerfstudio transforms.json does")
    undo, scale = _applied(told, path)
    photos: list[PosedPhoto] = []
    missing: list[str] = []
    stretched = 0
    for i, frame in enumerate(told["frames"]):
        if not isinstance(frame, dict) or not isinstance(frame.get("file_path"), str):
            raise BadInputError(f"{path}: frame {i} has no file_path")
        where = f"{path}: {frame['file_path']}"
        file = _file(path.parent, frame["file_path"], where)
        if file is None:
            missing.append(frame["file_path"])
            continue
        T_gl, is_stretched = _pose(frame.get("transform_matrix"), where)
        stretched += is_stretched
        T_gl[:3, 3] /= scale  # It came after the transform.
        T = undo @ T_gl @ GL_TO_CV
        photos.append(PosedPhoto(file, _camera({**told, **frame}, where), T))
    if missing:
        notes.append(
            f"{path.name}: {len(missing)} photos that it names are not there: {missing[0]}…"
        )
    if stretched:
        notes.append(_stretched_words(path, stretched))
    return sorted(photos, key=lambda p: natural_key(p.file.as_posix()))


def poses_of_frames(told: dict[str, Any], path: Path, notes: list[str]) -> tuple[Floats, list[str]]:
    """``T_given_camgl`` (n, 4, 4) of a parsed file, and the names of their images.

    No image need be there; ``applied_transform`` and ``applied_scale`` are undone.

    Raises:
        BadInputError: for what is no such file.
    """
    undo, scale = _applied(told, path)
    poses: list[Floats] = []
    names: list[str] = []
    stretched = 0
    for i, frame in enumerate(told["frames"]):
        if not isinstance(frame, dict) or not isinstance(frame.get("file_path"), str):
            raise BadInputError(f"{path}: frame {i} has no file_path")
        T_gl, is_stretched = _pose(frame.get("transform_matrix"), f"{path}: {frame['file_path']}")
        stretched += is_stretched
        T_gl[:3, 3] /= scale
        poses.append(undo @ T_gl)
        names.append(PurePosixPath(frame["file_path"]).stem)
    if not poses:
        raise BadInputError(f"{path} names no frame")
    if stretched:
        notes.append(_stretched_words(path, stretched))
    return np.stack(poses), names


def _stretched_words(path: Path, count: int) -> str:
    return (
        f"{path.name}: the rotations of {count} matrices have a scale; they were brought to length "
        "one, translations are as they stand"
    )


def _applied(told: dict[str, Any], path: Path) -> tuple[Floats, float]:
    """What undoes ``applied_transform`` (4, 4), and ``applied_scale``."""
    scale = told.get("applied_scale", 1.0)
    if not isinstance(scale, int | float) or not 0 < scale < math.inf:
        raise BadInputError(f"{path}: applied_scale is {scale!r}, which is no scale")
    if "applied_transform" not in told:
        return np.eye(4), float(scale)
    rows = _matrix(told["applied_transform"], f"{path}: applied_transform")
    R = rows[:3, :3]
    if not np.allclose(R @ R.T, np.eye(3), atol=1e-3):
        raise BadInputError(f"{path}: applied_transform is no rotation with a translation")
    return np.asarray(np.linalg.inv(rows), np.float64), float(scale)


def _matrix(rows: Any, where: str) -> Floats:
    """(4, 4) of rows that may lack the last."""
    try:
        found = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.zeros(())
    if found.shape not in ((3, 4), (4, 4)) or not np.isfinite(found).all():
        raise BadInputError(f"{where} is no 4x4 or 3x4 matrix of numbers")
    return np.vstack([found[:3], [0, 0, 0, 1.0]])


def _pose(rows: Any, where: str) -> tuple[Floats, bool]:
    """``T_given_camgl`` (4, 4), its rotation of length one; whether it was not so."""
    T = _matrix(rows, f"{where}: transform_matrix")
    U, lengths, Vt = np.linalg.svd(T[:3, :3])
    if lengths[-1] < 1e-9 or lengths[0] / lengths[-1] > 1.01 or np.linalg.det(T[:3, :3]) < 0:
        raise BadInputError(
            f"{where}: transform_matrix is no rotation with a translation (lengths "
            f"{np.round(lengths, 4).tolist()}, determinant {np.linalg.det(T[:3, :3]):.3g})"
        )
    is_stretched = abs(lengths[0] - 1) > 1e-3
    T[:3, :3] = U @ Vt
    return T, is_stretched


def _file(folder: Path, name: str, where: str) -> Path | None:
    """The photo of that name; it may lack its suffix. None where there is none.

    Raises:
        BadInputError: when it lies outside the folder, whose files are the capture's identity.
    """
    file = folder / name
    if not file.resolve().is_relative_to(folder.resolve()):
        raise BadInputError(f"{where} lies outside {folder}: copy the photos beside the file")
    named = [file] if file.suffix else [file.with_suffix(s) for s in COLOUR_SUFFIXES]
    return next((f for f in named if f.is_file()), None)


def _camera(told: dict[str, Any], where: str) -> PhotoCamera:
    # instant-ngp has no camera_model, and says so where k1 to k4 are a fisheye's.
    usual = "OPENCV_FISHEYE" if told.get("is_fisheye") is True else "OPENCV"
    model = str(told.get("camera_model", usual)).upper()
    if model not in MODELS:
        raise BadInputError(
            f"{where}: camera_model {model} is not read ({', '.join(MODELS)} are); undistort the "
            "photos first"
        )

    def number(name: str, default: float | None = None) -> float:
        value = told.get(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise BadInputError(f"{where}: '{name}' is {value!r}, which is no number")
        return float(value)

    w, h = int(number("w")), int(number("h"))
    if w < 1 or h < 1:
        raise BadInputError(f"{where}: w and h are {w} and {h}")

    def focal(axis: str, size: int, default: float | None) -> float:
        if f"fl_{axis}" in told:
            return number(f"fl_{axis}")
        if default is not None and f"camera_angle_{axis}" not in told:
            return default
        angle = number(f"camera_angle_{axis}")
        return 0.5 * size / math.tan(0.5 * angle) if 0 < angle < math.pi else 0.0

    fx = focal("x", w, None)
    fy = focal("y", h, fx)
    # Their first pixel's centre is at (0.5, 0.5).
    cx, cy = number("cx", w / 2) - 0.5, number("cy", h / 2) - 0.5
    if not (0.1 * w < fx < 20 * w and 0.1 * w < fy < 20 * w):
        raise BadInputError(f"{where}: focal lengths {fx:.4g}, {fy:.4g} for {w} pixels")
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    fisheye = MODELS[model] == "fisheye"
    names = ("k1", "k2", "k3", "k4") if fisheye else ("k1", "k2", "p1", "p2", "k3")
    lens = Lens.of("fisheye" if fisheye else "opencv", [number(n, 0.0) for n in names], where)
    return PhotoCamera(w, h, K, Lens() if MODELS[model] == "none" else lens)
