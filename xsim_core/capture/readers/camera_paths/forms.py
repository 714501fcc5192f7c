"""The files in which recorders, trackers and datasets leave a camera's poses.

Written from the TUM benchmark's "File Formats" (``time x y z qx qy qz qw``, camera to world),
Open3D's ``PinholeCameraTrajectory`` (``extrinsic`` by columns, world to camera), ``PoseGraph``
(``pose`` by columns, camera to world) and the ``.log`` of Choi, Zhou and Koltun 2015 (three whole
numbers, then four rows, camera to world), bop_toolkit's ``cam_R_w2c`` and ``cam_t_w2c`` (world to
camera, millimetres), nerfstudio's ``transforms.json`` (OpenGL's axes, no unit), ScanNet's and
7-Scenes' folders of 4x4 camera to world, and Record3D's ``poses`` (x y z w of a quaternion, then
metres, camera to world, OpenGL's axes: issues 27, 33, 36 and 64 of marek-simonik/record3d).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.spec import PathAxes, PathMaps
from xsim_core.capture.readers.folders.bop_scene import read_scene
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import natural_key
from xsim_core.capture.readers.posed.nerfstudio import poses_of_frames
from xsim_core.capture.readers.recordings import sens
from xsim_core.capture.readers.recordings.record3d import SUFFIX as RECORD3D, recorded_poses
from xsim_core.capture.readers.tracks import forms
from xsim_core.capture.readers.tracks.spec import TrackSpec
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text

from .odometry import read_odometry

Floats = NDArray[np.float64]

ACCEPTS = (
    "TUM trajectories (.txt .tum: time x y z qx qy qz qw), folders of a 4×4 a frame (.txt .npy: "
    "ScanNet, 7-Scenes), 4×4s or 3×4s of every frame in .npy, .npz or .txt, Open3D's .log, "
    "PinholeCameraTrajectory and PoseGraph .json, nerfstudio's transforms.json, BOP's "
    "scene_camera.json with cam_R_w2c, Record3D's .r3d and ScanNet's .sens themselves, "
    "Stray Scanner's odometry.csv"
)
MEND = "Export the camera's poses again."
MATRIX_SHAPES = ((4, 4), (3, 4), (16,), (12,))


@dataclass(frozen=True)
class CameraPoses:
    """As a file holds them."""

    T: Floats
    """(n, 4, 4); not finite where there is none."""
    form: str
    """How the file is called in sentences."""
    names: list[str] | None = None
    """Of the images, one for each; else poses are of frames in order, or of times."""
    times_s: Floats | None = None
    """(n,)."""
    maps: PathMaps | None = None
    """As are the next two: what the format says; None where it leaves that open."""
    axes: PathAxes | None = None
    unit_m: float | None = None
    has_metres: bool = True
    """False where a format's lengths are of any unit."""


def read_camera_poses(path: Path, notes: list[str]) -> CameraPoses:
    """The poses of a file or a folder, whatever frames they are of.

    Raises:
        BadInputError: when it cannot be read, or holds no poses of a camera.
    """
    if not path.exists():
        raise BadInputError(f"{path} does not exist: the camera's path is read from there")
    with reading(path, MEND):
        match path.suffix.lower():
            case _ if path.is_dir():
                return _of_folder(path, notes)
            case ".json":
                return _of_json(path, notes)
            case ".npy" | ".npz":
                return _of_array(path)
            case ".txt" | ".tum":
                return _of_text(path, notes)
            case ".csv":
                return _of_scanner(path, notes)
            case ".log":
                return _of_log(path, notes)
            case suffix if suffix == RECORD3D:
                return _of_phone(path)
            case suffix if suffix == sens.SUFFIX:
                return _of_scanner_file(path)
            case other:
                raise BadInputError(f"{path}: '{other}' is no path we read. Read are: {ACCEPTS}.")


def _of_folder(path: Path, notes: list[str]) -> CameraPoses:
    files = sorted(path.glob("*.npy"), key=lambda p: natural_key(p.name))
    if not files:
        read = forms.of_folder(path, notes)
        return CameraPoses(read.T, read.form, read.names)
    forms.check_count(len(files), path)
    T = np.concatenate([_matrices(forms.load_array(file)[None], str(file)) for file in files])
    return CameraPoses(T, "a folder of matrices", [file.stem for file in files])


def _of_text(path: Path, notes: list[str]) -> CameraPoses:
    read = forms.of_text(path, notes)
    if read.times_s is None and read.names is None:
        return CameraPoses(read.T, read.form)
    return CameraPoses(
        read.T, read.form, read.names, read.times_s, "camera_to_world", "opencv", unit_m=1.0
    )


def _of_array(path: Path) -> CameraPoses:
    return CameraPoses(_matrices(forms.load_array(path), str(path)), "an array of matrices")


def _matrices(array: Any, source: str) -> Floats:
    """(n, 4, 4)."""
    shape = tuple(int(n) for n in array.shape)
    if shape[1:] not in MATRIX_SHAPES:
        raise BadInputError(
            f"{source} has shape {shape}; a camera's path is (frames, 4, 4) or (frames, 3, 4)"
        )
    return forms.of_array(array, TrackSpec(file=source), source).T


def _of_scanner(path: Path, notes: list[str]) -> CameraPoses:
    T, names = read_odometry(path, notes)
    form = "Stray Scanner's path of the phone"
    return CameraPoses(T, form, names, None, "camera_to_world", "opencv", unit_m=1.0)


def _of_scanner_file(path: Path) -> CameraPoses:
    T = sens.recorded_poses(path)
    form = "ScanNet's path of the scanner"
    return CameraPoses(T, form, maps="camera_to_world", axes="opencv", unit_m=1.0)


def _of_log(path: Path, notes: list[str]) -> CameraPoses:
    rows = forms.rows_of(path, notes)
    if not rows or len(rows) % 5 or any(len(row) != 4 for i, row in enumerate(rows) if i % 5):
        raise BadInputError(f"{path} is no .log of three numbers and four rows of four a pose")
    forms.check_count(len(rows) // 5, path)
    T = np.array([row for i, row in enumerate(rows) if i % 5]).reshape(-1, 4, 4)
    return CameraPoses(T, "Open3D's .log", maps="camera_to_world", axes="opencv", unit_m=1.0)


def _of_json(path: Path, notes: list[str]) -> CameraPoses:
    told: Any = json.loads(read_text(path, notes))
    if isinstance(told, dict) and isinstance(told.get("frames"), list):
        T, names = poses_of_frames(told, path, notes)
        return CameraPoses(
            T, "a transforms.json", names, maps="camera_to_world", axes="opengl", has_metres=False
        )
    if isinstance(told, dict) and isinstance(told.get("parameters"), list):
        T = _by_columns([one["extrinsic"] for one in told["parameters"]], path)
        return CameraPoses(
            T, "Open3D's trajectory", maps="world_to_camera", axes="opencv", unit_m=1.0
        )
    if isinstance(told, dict) and isinstance(told.get("nodes"), list):
        T = _by_columns([one["pose"] for one in told["nodes"]], path)
        return CameraPoses(
            T, "Open3D's pose graph", maps="camera_to_world", axes="opencv", unit_m=1.0
        )
    return _of_scene(path)


def _by_columns(matrices: list[Any], path: Path) -> Floats:
    forms.check_count(len(matrices), path)
    flat = np.array(matrices, np.float64)
    if flat.shape != (len(matrices), 16):
        raise BadInputError(f"{path}: matrices are of shape {flat.shape[1:]}; they have 16 numbers")
    return np.swapaxes(flat.reshape(-1, 4, 4), 1, 2)


def _of_scene(path: Path) -> CameraPoses:
    told = read_scene(path)
    numbers = [n for n, one in sorted(told.items()) if "cam_R_w2c" in one and "cam_t_w2c" in one]
    if not numbers:
        raise BadInputError(
            f"{path} tells no camera's poses (BOP's cam_R_w2c and cam_t_w2c). Read are: {ACCEPTS}."
        )
    T = np.tile(np.eye(4), (len(numbers), 1, 1))
    for i, n in enumerate(numbers):
        T[i, :3, :3] = np.asarray(told[n]["cam_R_w2c"], np.float64).reshape(3, 3)
        T[i, :3, 3] = np.asarray(told[n]["cam_t_w2c"], np.float64).reshape(3)
    names = [str(n) for n in numbers]
    return CameraPoses(T, "a BOP scene", names, None, "world_to_camera", "opencv", 1e-3)


def _of_phone(path: Path) -> CameraPoses:
    poses, times_s = recorded_poses(path)
    if len(poses) == 0:
        raise BadInputError(
            f"{path} holds no poses of the phone: recordings of the TrueDepth camera have none"
        )
    T = forms.of_quaternions(poses[:, [4, 5, 6, 3, 0, 1, 2]], f"{path}: metadata's poses")
    return CameraPoses(
        T, "the phone's own path", None, times_s, "camera_to_world", "opengl", unit_m=1.0
    )
