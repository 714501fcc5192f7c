"""The robot's pose of each picture, in the ways in which robots and scripts write them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.matrix_file import SUFFIXES, read_matrix
from xsim_core.capture.place.rigid import stated_pose
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.capture.readers.pairing import frame_keys
from xsim_core.errors import BadInputError
from xsim_core.files.text import read_text
from xsim_core.geometry import inverse_se3, make_se3, quat_wxyz_to_matrix, so3_exp

Floats = NDArray[np.float64]

ACCEPTS = (
    "one file a picture with its number in the name (0_robot_pose.txt), or one with a line a "
    "picture (poses.txt, .csv): x y z and a quaternion, a rotation vector (UR), roll pitch yaw "
    "(xArm) or A B C (KUKA), or a 4×4 matrix; a time may come first"
)
FARTHEST_M = 20.0
MAX_DEG = 720.0
MAX_BYTES = 4 << 20
MIN_FILES = 3
"""Fewer files with a pictures' numbers are no poses one a picture."""


def _roll_pitch_yaw(angles: Floats) -> Floats:
    """Rotations (n, 3, 3) of turns (n, 3) about the base's x, then its y, then its z."""
    about = [so3_exp(np.eye(3)[axis] * angles[:, axis, None]) for axis in range(3)]
    return about[2] @ about[1] @ about[0]


_SEVEN: Mapping[str, Callable[[Floats], Floats]] = {
    "xyzw": lambda q: quat_wxyz_to_matrix(np.roll(q, 1, axis=1)),
    "wxyz": quat_wxyz_to_matrix,
}
_SIX: Mapping[str, Callable[[Floats], Floats]] = {
    "a rotation vector": so3_exp,
    "roll, pitch, yaw": _roll_pitch_yaw,
    "yaw, pitch, roll": lambda angles: _roll_pitch_yaw(angles[:, ::-1]),
}
"""UR's getActualTCPPose; xArm's get_position; KUKA's A, B, C."""


def read_robot_poses(
    pictures: list[Path], folder: Path, notes: list[str]
) -> dict[str, dict[int, Floats]]:
    """Poses by what they may mean: reading → number of the picture → ``T_base_hand`` (4, 4).

    The order of a quaternion and the kind of three angles are not told by their file: all are
    answered, and which of them is meant shows when the poses are held against the pictures.

    Raises:
        BadInputError: when there are none, or a file is none.
    """
    by_picture = _files_by_picture(pictures, folder)
    if by_picture:
        rows = {k: _row(path, notes) for k, path in by_picture.items()}
    else:
        rows = _rows_of_one_file(pictures, folder, notes)
    kinds = {row.shape for row in rows.values()}
    if kinds == {(4, 4)}:
        return {"matrices": rows}
    if len(kinds) > 1:
        told = " and ".join(sorted("x".join(map(str, shape)) for shape in kinds))
        raise BadInputError(f"{folder}: the robot's poses are of several kinds: {told} numbers")
    table = np.stack(list(rows.values()))
    position = _metres(table[:, :3], notes)
    readings = _turns(table[:, 3:], notes)
    return {
        name: dict(zip(rows, make_se3(turns, position), strict=True))
        for name, turns in readings.items()
    }


def both_directions(readings: dict[str, dict[int, Floats]]) -> dict[str, dict[int, Floats]]:
    """The readings, and each of them as base → hand."""
    turned = {
        f"{name}, hand ← base": {k: inverse_se3(T) for k, T in poses.items()}
        for name, poses in readings.items()
    }
    return {**{f"{name}, base ← hand": poses for name, poses in readings.items()}, **turned}


def _files_by_picture(pictures: list[Path], folder: Path) -> dict[int, Path]:
    """Index of a picture → the file that has its number in its name."""
    groups: dict[str, list[Path]] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        groups.setdefault(re.sub(r"\d+", "#", path.name), []).append(path)
    keys = frame_keys(pictures)
    matched: list[dict[int, Path]] = []
    for files in groups.values():
        by_key = dict(zip(frame_keys(files), files, strict=True)) if len(files) > 1 else {}
        mine = {k: by_key[key] for k, key in enumerate(keys) if key in by_key}
        if len(mine) >= MIN_FILES:
            matched.append(mine)
    if len(matched) > 1:
        told = " and ".join(next(iter(mine.values())).name for mine in matched)
        raise BadInputError(
            f"{folder}: {told} could both be the pose of {pictures[next(iter(matched[0]))].name}; "
            "leave one kind"
        )
    return matched[0] if matched else {}


def _row(path: Path, notes: list[str]) -> Floats:
    """Six or seven numbers (position, and how the hand is turned), or a matrix (4, 4)."""
    if path.suffix.lower() in (".txt", ".csv"):
        numbers = _numbers(path, notes)
        if len(numbers) == 1 and len(numbers[0]) in (6, 7, 8):
            return _without_time(np.array(numbers))[0]
    matrix = read_matrix(path, [])
    said: list[str] = []
    T = stated_pose(matrix, CameraSpec(matrix=path.name), path.name, said)
    notes.extend(said[:1])
    return T


def _without_time(table: Floats) -> Floats:
    """Rows (n, 6) or (n, 7); of eight numbers the first is a time, as in TUM's trajectories."""
    return table[:, 1:] if table.shape[1] == 8 else table


def _numbers(path: Path, notes: list[str]) -> list[list[float]]:
    rows: list[list[float]] = []
    for number, line in enumerate(read_text(path, notes, max_bytes=MAX_BYTES).splitlines(), 1):
        words = re.sub(r"[\[\](),;]", " ", line.split("#")[0]).split()
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            if rows:
                raise BadInputError(
                    f"{path}: line {number} is '{line.strip()[:60]}'; a pose has numbers only"
                ) from error
            continue  # A heading.
        if not np.isfinite(values).all():
            raise BadInputError(f"{path}: line {number} holds values that are not finite")
        if values:
            rows.append(values)
    return rows


def _rows_of_one_file(pictures: list[Path], folder: Path, notes: list[str]) -> dict[int, Floats]:
    files = [p for p in sorted(folder.glob("*pose*")) if p.suffix.lower() in (".txt", ".csv")]
    if len(files) != 1:
        raise BadInputError(
            f"{folder} holds {len(pictures)} pictures and no robot poses for them: {ACCEPTS}"
        )
    rows = _numbers(files[0], notes)
    widths = {len(row) for row in rows}
    if len(rows) != len(pictures) or len(widths) > 1 or not widths <= {6, 7, 8, 12, 16}:
        raise BadInputError(
            f"{files[0]} has {len(rows)} poses of {sorted(widths)} numbers for "
            f"{len(pictures)} pictures: one line each, of 6, 7, 8, 12 or 16 numbers"
        )
    if len(rows[0]) <= 8:
        return dict(enumerate(_without_time(np.array(rows))))
    spec = CameraSpec(matrix=files[0].name)
    return {
        k: stated_pose(np.array(row), spec, f"{files[0].name}: pose {k + 1}", [])
        for k, row in enumerate(rows)
    }


def _metres(position: Floats, notes: list[str]) -> Floats:
    """Positions (n, 3) in metres; many controllers write millimetres, and all poses in one unit."""
    if np.median(np.linalg.norm(position, axis=1)) > FARTHEST_M:
        notes.append("the robot's positions are taken as millimetres")
        position = position / 1000
    if (far := np.linalg.norm(position, axis=1).max()) > FARTHEST_M:
        raise BadInputError(f"a robot pose is {far:.0f} m from the base: are all in one unit?")
    return position


def _turns(table: Floats, notes: list[str]) -> dict[str, Floats]:
    """Rotations (n, 3, 3) by what the last three or four numbers of each pose may mean."""
    if table.shape[1] == 4:
        lengths = np.linalg.norm(table, axis=1)
        worst = int(np.abs(lengths - 1).argmax())
        if abs(lengths[worst] - 1) >= 0.02:
            raise BadInputError(
                f"a robot pose's quaternion {table[worst].tolist()} has length "
                f"{lengths[worst]:.3g}, not 1: is it x y z and a quaternion?"
            )
        return {name: reading(table) for name, reading in _SEVEN.items()}
    if (largest := float(np.abs(table).max())) > MAX_DEG:
        raise BadInputError(f"a robot pose has an angle of {largest:.3g}: is it x y z and angles?")
    if largest > 2 * np.pi:
        notes.append("the robot's angles are taken as degrees")
        table = np.deg2rad(table)
    return {name: reading(table) for name, reading in _SIX.items()}
