"""The files in which trackers and benchmarks leave poses.

Written from FoundationPose's ``run_demo.py`` (``ob_in_cam/NAME.txt``, 4x4 in metres, by the names
of its colour images), bop_toolkit's ``docs/bop_datasets_format.md`` and the challenge's page on
results (``scene_gt.json``; ``scene_id,im_id,obj_id,score,R,t,time``; rotation row by row,
millimetres, model to camera), the TUM benchmark's trajectories (``time x y z qx qy qz qw``), and
X-Sim's ``REAL-TO-SIM.md`` (objects, frames, ``x y z qw qx qy qz`` in the robot's base).
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.readers.folders.bop_scene import read_scene
from xsim_core.capture.readers.foreign import reading
from xsim_core.capture.readers.images import natural_key
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text
from xsim_core.geometry import quat_wxyz_to_matrix

from .spec import TrackFrame, TrackSpec

Floats = NDArray[np.float64]

MAX_POSES = 200_000
MAX_ARRAY_BYTES = 256 << 20
MEND = "Export the track again."
ACCEPTS = (
    "FoundationPose's ob_in_cam/ (a 4×4 a file), BOP's scene_gt.json or results .csv, TUM "
    "trajectories (.txt: time x y z qx qy qz qw), X-Sim's .npy (objects, frames, x y z qw qx qy "
    "qz), 4×4s or 3×4s of every frame in .npy, .npz or .txt"
)
OPEN3D_HEAD = "# TUM trajectory, format: <t> <x> <y> <z> <qx> <qy> <qz> <qw>"
BOP_HEADER = ("scene_id", "im_id", "obj_id", "score", "R", "t")


@dataclass(frozen=True)
class Poses:
    """As a file holds them."""

    T: Floats
    """(n, 4, 4); NaN where a frame has none."""
    form: str
    """How the file is called in sentences."""
    names: list[str] | None = None
    """Of the images, one for each; else poses are of frames in order, or of times."""
    times_s: Floats | None = None
    """(n,)."""
    unit_m: float | None = None
    """What the format says."""
    frame: TrackFrame | None = None
    """What the format says."""


def read_poses(path: Path, spec: TrackSpec, notes: list[str]) -> Poses:
    """The poses of one object.

    Raises:
        BadInputError: when the file cannot be read, or holds no poses or those of several objects.
    """
    if not path.exists():
        raise BadInputError(f"{path} does not exist: the object's track is read from there")
    with reading(path, MEND):
        match path.suffix.lower():
            case _ if path.is_dir():
                return of_folder(path, notes)
            case ".json":
                return _of_scene(path, spec)
            case ".csv":
                return _of_results(path, spec, notes)
            case ".npy" | ".npz":
                return of_array(load_array(path), spec, str(path))
            case ".txt" | ".tum":
                return of_text(path, notes)
            case other:
                raise BadInputError(f"{path}: '{other}' is no track we read. Read are: {ACCEPTS}.")


def of_folder(path: Path, notes: list[str]) -> Poses:
    """A matrix a ``.txt``, by the names of images."""
    files = sorted(path.glob("*.txt"), key=lambda p: natural_key(p.name))
    check_count(len(files), path)
    T = [_matrix(rows_of(file, notes), str(file)) for file in files]
    names = [file.stem for file in files]
    return Poses(np.stack(T), "a folder of matrices", names, unit_m=1.0, frame="camera")


def _of_scene(path: Path, spec: TrackSpec) -> Poses:
    told = read_scene(path)
    check_count(len(told), path)
    found = [
        (number, int(one["obj_id"]), one["cam_R_m2c"], one["cam_t_m2c"])
        for number, objects in sorted(told.items())
        for one in objects
    ]
    chosen = _chosen({obj for _, obj, _, _ in found}, spec, path)
    mine = [(n, R, t) for n, obj, R, t in found if obj == chosen]
    numbers = [n for n, _, _ in mine]
    if twice := sorted({n for n in numbers if numbers.count(n) > 1}):
        raise BadInputError(
            f"{path}: object {chosen} is more than once in image {twice[0]}; which of them the "
            "film is about is not known. Leave one in the file."
        )
    return _of_bop(mine, "BOP's scene_gt")


def _of_results(path: Path, spec: TrackSpec, notes: list[str]) -> Poses:
    rows = list(csv.reader(read_text(path, notes).splitlines()))
    if not rows or tuple(rows[0][:6]) != BOP_HEADER:
        first = ",".join(rows[0])[:60] if rows else ""
        raise BadInputError(
            f"{path} is no BOP results file: its first line is '{first}', not "
            f"'{','.join(BOP_HEADER)},time'"
        )
    body = [row for row in rows[1:] if row]
    check_count(len(body), path)
    if len(scenes := {row[0] for row in body}) > 1:
        raise BadInputError(f"{path} holds {len(scenes)} scenes; leave the film's own in the file")
    chosen = _chosen({int(row[2]) for row in body}, spec, path)
    best: dict[int, tuple[float, str, str]] = {}
    for row in body:
        number, score = int(row[1]), float(row[3])
        if int(row[2]) == chosen and (number not in best or score > best[number][0]):
            best[number] = score, row[4], row[5]
    mine = [(n, R.split(), t.split()) for n, (_, R, t) in sorted(best.items())]
    return _of_bop(mine, "BOP results")


def _chosen(objects: set[int], spec: TrackSpec, path: Path) -> int:
    if spec.object is not None and spec.object in objects:
        return spec.object
    if spec.object is None and len(objects) == 1:
        return next(iter(objects))
    there = ", ".join(map(str, sorted(objects)[:10])) or "none"
    raise BadInputError(
        f"{path} holds objects {there}: say which with `object:` below `track:` in capture.yaml"
    )


def _of_bop(poses: list[tuple[int, Any, Any]], form: str) -> Poses:
    T = np.tile(np.eye(4), (len(poses), 1, 1))
    for i, (_, R, t) in enumerate(poses):
        T[i, :3, :3] = np.asarray(R, np.float64).reshape(3, 3)
        T[i, :3, 3] = np.asarray(t, np.float64).reshape(3)
    return Poses(T, form, [str(n) for n, _, _ in poses], unit_m=1e-3, frame="camera")


def load_array(path: Path) -> Any:
    """The one array of a ``.npy`` or ``.npz``, whose shape its reader checks."""
    if path.stat().st_size > MAX_ARRAY_BYTES:
        raise BadInputError(f"{path} is too large to be a track")
    if path.suffix.lower() == ".npy":
        # Mapped: what its header says is not asked of memory.
        return np.load(path, allow_pickle=False, mmap_mode="r")
    with np.load(path, allow_pickle=False) as archive:
        if len(archive.files) != 1:
            raise BadInputError(
                f"{path} holds {len(archive.files)} arrays ({', '.join(archive.files[:10])}); "
                "leave the poses alone"
            )
        return archive[archive.files[0]]


def of_array(array: Any, spec: TrackSpec, source: str) -> Poses:
    """Matrices, or X-Sim's seven numbers, of every frame; of one object if there are several."""
    shape = tuple(int(n) for n in array.shape)
    if array.dtype.kind not in "fiu":
        raise BadInputError(f"{source} holds {array.dtype}, no numbers")
    if np.prod(shape, dtype=object) > 32 * MAX_POSES:
        raise BadInputError(f"{source} has shape {shape}: too large to be a track")
    if len(shape) == 3 and shape[2] == 7:
        row = _chosen(set(range(shape[0])), spec, Path(source))
        return Poses(of_quaternions(array[row], source), "X-Sim's array", frame="robot")
    if len(shape) == 2 and shape[1] == 7:
        return Poses(of_quaternions(array, source), "X-Sim's array", frame="robot")
    if len(shape) == 4 and shape[2:] in ((4, 4), (3, 4)):
        return of_array(array[_chosen(set(range(shape[0])), spec, Path(source))], spec, source)
    if shape[1:] in ((4, 4), (3, 4), (16,), (12,)):
        T = np.tile(np.eye(4), (shape[0], 1, 1))
        numbers = np.asarray(array, np.float64).reshape(shape[0], -1, 4)
        T[:, : numbers.shape[1]] = numbers
        return Poses(T, "an array of matrices")
    raise BadInputError(
        f"{source} has shape {shape}; a track is (frames, 4, 4), (frames, 3, 4), (frames, 7) or "
        "(objects, frames, 7) with x y z qw qx qy qz"
    )


def of_text(path: Path, notes: list[str]) -> Poses:
    """A TUM trajectory, or matrices a line or four lines a matrix."""
    rows = rows_of(path, notes)
    check_count(len(rows), path)
    widths = {len(row) for row in rows}
    if widths == {8}:
        table = np.array(rows)
        wxyz = table[:, [7, 4, 5, 6]]
        T = of_quaternions(np.concatenate([table[:, 1:4], wxyz], axis=1), str(path))
        if are_frame_numbers(table[:, 0]):
            notes.append(f"{path.name} gives numbers of frames in place of times")
            names = [str(int(number)) for number in table[:, 0]]
            return Poses(T, "a TUM trajectory", names)
        return Poses(T, "a TUM trajectory", times_s=table[:, 0])
    if widths <= {16} or widths <= {12}:
        return of_array(np.array(rows), TrackSpec(file=path.name), str(path))
    if widths == {4} and len(rows) % 4 == 0:
        return of_array(np.array(rows).reshape(-1, 4, 4), TrackSpec(file=path.name), str(path))
    raise BadInputError(
        f"{path} has lines of {', '.join(map(str, sorted(widths)[:5]))} numbers; a TUM trajectory "
        "has 8 (time x y z qx qy qz qw), a line of a pose 12 or 16"
    )


def are_frame_numbers(times: Floats) -> bool:
    """Whether times (n,) are numbers of frames: whole, mostly one apart, from 0 or 1 on."""
    if len(times) < 2 or not np.isfinite(times).all() or (times % 1).any():
        return False
    return bool(np.median(np.diff(times)) == 1 and times[0] in (0, 1))


def rows_of(path: Path, notes: list[str]) -> list[list[float]]:
    """The numbers of a text, line by line; ``#`` is before comments."""
    rows: list[list[float]] = []
    # Open3D 0.20 ends its first line after the first pose.
    text = read_text(path, notes).replace(OPEN3D_HEAD, f"{OPEN3D_HEAD}\n", 1)
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].replace(",", " ").split()
        try:
            values = [float(word) for word in words]
        except ValueError:
            raise BadInputError(
                f"{path}: line {number} is '{line.strip()[:60]}'; poses are numbers only"
            ) from None
        if values:
            rows.append(values)
    return rows


def _matrix(rows: list[list[float]], source: str) -> Floats:
    flat = [value for row in rows for value in row]
    if len(flat) not in (12, 16):
        raise BadInputError(f"{source} holds {len(flat)} numbers; a pose has 16 or 12")
    T = np.eye(4)
    T[: len(flat) // 4] = np.reshape(flat, (-1, 4))
    return T


def of_quaternions(poses: Any, source: str) -> Floats:
    """(n, 4, 4) of x, y, z and a quaternion, w first (n, 7)."""
    values = np.asarray(poses, np.float64)
    T = np.full((len(values), 4, 4), np.nan)
    length = np.linalg.norm(values[:, 3:], axis=1)
    known = np.flatnonzero(np.isfinite(values).all(axis=1) & (length > 0))
    if len(off := known[np.abs(length[known] - 1) > 0.01]):
        i = int(off[0])
        raise BadInputError(
            f"{source}: the quaternion of pose {i} has length {length[i]:.3g}, not 1; it is "
            f"{values[i, 3:].tolist()}"
        )
    for i in known.tolist():
        T[i] = np.eye(4)
        T[i, :3, :3] = quat_wxyz_to_matrix(values[i, 3:] / length[i])
        T[i, :3, 3] = values[i, :3]
    return T


def check_count(count: int, path: Path) -> None:
    """Refuse none, and more than any film has."""
    if not 0 < count <= MAX_POSES:
        raise BadInputError(
            f"{path} holds {count} poses; a track has 1 to {MAX_POSES}. Read are: {ACCEPTS}."
        )
