"""The robot's pose of each picture, in the ways in which robots and scripts write them."""

import re
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.matrix_file import SUFFIXES, read_matrix
from xsim_core.capture.place.rigid import stated_pose
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.errors import BadInputError
from xsim_core.geometry import inverse_se3, make_se3, quat_wxyz_to_matrix
from xsim_core.text import read_text

Floats = NDArray[np.float64]
Order = Literal["xyzw", "wxyz"]

ACCEPTS = (
    "one file a picture with its number in the name (0_robot_pose.txt), or one with a line a "
    "picture (poses.txt, .csv): x y z and a quaternion, or a 4×4 matrix"
)
FARTHEST_M = 20.0
MAX_BYTES = 4 << 20


def read_robot_poses(
    pictures: list[Path], folder: Path, notes: list[str]
) -> dict[str, dict[int, Floats]]:
    """Poses by what they may mean: reading → number of the picture → ``T_base_hand`` (4, 4).

    A quaternion's order is not told by its file: both are answered, and which of them is meant
    shows when the poses are held against the pictures.

    Raises:
        BadInputError: when there are none, or a file is none.
    """
    by_picture = _files_by_picture(pictures, folder)
    if len(by_picture) >= 3:
        rows = {k: _row(path, notes) for k, path in by_picture.items()}
    else:
        rows = _rows_of_one_file(pictures, folder, notes)
    kinds = {row.shape for row in rows.values()}
    if kinds == {(4, 4)}:
        return {"matrices": rows}
    if kinds != {(7,)}:
        raise BadInputError(f"{folder}: some robot poses are matrices, others are not")
    return {order: {k: _of_seven(row, order) for k, row in rows.items()} for order in _ORDERS}


_ORDERS: tuple[Order, Order] = ("xyzw", "wxyz")


def both_directions(readings: dict[str, dict[int, Floats]]) -> dict[str, dict[int, Floats]]:
    """The readings, and each of them as base → hand."""
    turned = {
        f"{name}, hand ← base": {k: inverse_se3(T) for k, T in poses.items()}
        for name, poses in readings.items()
    }
    return {**{f"{name}, base ← hand": poses for name, poses in readings.items()}, **turned}


def _files_by_picture(pictures: list[Path], folder: Path) -> dict[int, Path]:
    """Index of a picture → the file that has its number in its name."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES]
    by_number: dict[int, list[Path]] = {}
    for path in sorted(files):
        if digits := re.findall(r"\d+", path.stem):
            by_number.setdefault(int(digits[0]), []).append(path)
    found: dict[int, Path] = {}
    for k, picture in enumerate(pictures):
        digits = re.findall(r"\d+", picture.stem)
        mine = by_number.get(int(digits[0]), []) if digits else []
        if len(mine) > 1:
            raise BadInputError(
                f"{folder}: {', '.join(p.name for p in mine)} could all be the pose of "
                f"{picture.name}; leave one"
            )
        if mine:
            found[k] = mine[0]
    return found


def _row(path: Path, notes: list[str]) -> Floats:
    """Seven numbers (position, quaternion) or a matrix (4, 4)."""
    if path.suffix.lower() in (".txt", ".csv"):
        numbers = _numbers(path, notes)
        if len(numbers) == 1 and len(numbers[0]) == 7:
            return np.array(numbers[0])
    matrix = read_matrix(path, [])
    said: list[str] = []
    T = stated_pose(matrix, CameraSpec(matrix=path.name), path.name, said)
    notes.extend(said[:1])
    return T


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
    if len(rows) != len(pictures) or {len(row) for row in rows} not in ({7}, {16}, {12}):
        raise BadInputError(
            f"{files[0]} has {len(rows)} poses of {sorted({len(r) for r in rows})} numbers for "
            f"{len(pictures)} pictures: one line each, of 7, 12 or 16 numbers"
        )
    if len(rows[0]) == 7:
        return {k: np.array(row) for k, row in enumerate(rows)}
    spec = CameraSpec(matrix=files[0].name)
    return {
        k: stated_pose(np.array(row), spec, f"{files[0].name}: pose {k + 1}", [])
        for k, row in enumerate(rows)
    }


def _of_seven(row: Floats, order: Order) -> Floats:
    position, q = row[:3], row[3:]
    if not abs(np.linalg.norm(q) - 1) < 0.02:
        raise BadInputError(
            f"a robot pose's quaternion {q.tolist()} has length {np.linalg.norm(q):.3g}, not 1: is "
            "it x y z and a quaternion?"
        )
    if np.linalg.norm(position) > FARTHEST_M:  # Millimetres, as many controllers write.
        position = position / 1000
    return make_se3(quat_wxyz_to_matrix(np.roll(q, 1) if order == "xyzw" else q), position)
