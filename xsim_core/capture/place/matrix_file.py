"""Matrices as calibrations leave them: .npy, text, JSON, YAML (OpenCV's and easy_handeye's too)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import quat_wxyz_to_matrix
from xsim_core.text import one_line, parse_yaml, read_text

ACCEPTS = (
    ".npy, .txt, .csv, .json, .yaml: 4×4, 3×4, or 16 or 12 numbers; in JSON and YAML below any key "
    "(`key:` says which), as OpenCV's `data`, or as x, y, z, qx, qy, qz, qw (easy_handeye)"
)
SUFFIXES = (".npy", ".txt", ".csv", ".json", ".yaml", ".yml")
MAX_BYTES = 1 << 20
MAX_DEPTH = 8
QUATERNION = ("x", "y", "z", "qx", "qy", "qz", "qw")


def read_matrix(path: Path, notes: list[str], *, key: str | None = None) -> NDArray[np.float64]:
    """The numbers (4, 4), (3, 4), (16,) or (12,) of a file; what they mean is not looked at.

    Args:
        path: of the file.
        notes: receives which value of several was taken.
        key: the value's name in a JSON or YAML file.

    Raises:
        BadInputError: when it is missing, unreadable, or holds no matrix or several.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInputError(
            f"{path}: '{suffix}' is no matrix file we read ({' '.join(SUFFIXES)}). Save it as text."
        )
    if not path.is_file():
        raise BadInputError(f"{path} does not exist: the camera's matrix is read from there")
    if suffix == ".npy":
        return shaped(_load_npy(path), str(path))
    text = read_text(path, notes, max_bytes=MAX_BYTES)
    if suffix in (".txt", ".csv"):
        return shaped(_numbers_of_text(text, path), str(path))
    # OpenCV's own YAML begins with a directive that YAML does not have, and tags its matrices.
    text = re.sub(r"^%YAML[^\n]*\n", "", text).replace("!!opencv-matrix", "")
    return _of_tree(parse_yaml(text, f"{path} is not YAML or JSON"), path, key, notes)


def shaped(values: Any, source: str) -> NDArray[np.float64]:
    """Finite numbers in one of the shapes that a pose is written in.

    Raises:
        BadInputError: with ``source``.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInputError(f"{source} is no matrix of numbers: {one_line(error)}") from error
    array = array.reshape([n for n in array.shape if n != 1])
    if array.shape not in ((4, 4), (3, 4), (16,), (12,)):
        shape = "x".join(map(str, array.shape)) or "one number"
        raise BadInputError(
            f"{source} is {shape}; the camera's pose is 4x4 (or 3x4, or those numbers in a row)"
        )
    if not np.isfinite(array).all():
        raise BadInputError(f"{source} holds values that are not finite")
    return array


def _load_npy(path: Path) -> NDArray[Any]:
    if path.stat().st_size > MAX_BYTES:
        raise BadInputError(f"{path} is too large to be a 4x4 matrix")
    try:
        return np.load(path, allow_pickle=False)
    except Exception as error:
        raise BadInputError(f"{path} cannot be read as an array: {one_line(error)}") from error


def _numbers_of_text(text: str, path: Path) -> list[list[float]] | list[float]:
    """Rows of a text whose columns are parted by spaces, commas, semicolons or brackets."""
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = re.sub(r"[\[\](),;]", " ", line.split("#")[0]).split()
        if not words:
            continue
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise BadInputError(
                f"{path}: line {number} is '{line.strip()[:60]}'; a matrix has numbers only"
            ) from error
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise BadInputError(f"{path} has rows of {widths} numbers; a pose has four rows of four")
    if widths == [7]:
        raise BadInputError(
            f"{path} holds seven numbers a line, a position and a quaternion whose order the file "
            "does not tell. Write a 4x4 matrix, or YAML with x, y, z, qx, qy, qz, qw."
        )
    return rows[0] if len(rows) == 1 else rows


def _of_tree(tree: Any, path: Path, key: str | None, notes: list[str]) -> NDArray[np.float64]:
    found = dict(_matrices(tree, "", 0))
    if key is not None:
        chosen = {n: v for n, v in found.items() if n == key or n.split(".")[-1] == key}
        if len(chosen) != 1:
            raise BadInputError(
                f"{path} has {'no' if not chosen else 'more than one'} matrix '{key}'; it holds "
                f"{', '.join(found) or 'none'}"
            )
        return next(iter(chosen.values()))
    if len(found) != 1:
        raise BadInputError(
            f"{path} holds {len(found)} matrices that could be the camera's pose"
            + (f" ({', '.join(found)}): say which with `key:`" if found else "; it needs one")
        )
    name, value = next(iter(found.items()))
    if name.split(".")[-1] == "T_hand_cam":
        raise BadInputError(
            f"{path} holds T_hand_cam, a camera on the hand. For a film multiply the robot's "
            "pose then by it: T_base_cam = T_base_hand @ T_hand_cam."
        )
    if name:
        notes.append(f"camera: '{name}' of {path.name} is taken")
    return value


def _matrices(tree: Any, name: str, depth: int) -> list[tuple[str, NDArray[np.float64]]]:
    """Every value that is a pose by its form, with its dotted name."""
    if depth > MAX_DEPTH:
        return []
    if isinstance(tree, list):
        try:
            return [(name, shaped(tree, name))]
        except BadInputError:
            return []
    if not isinstance(tree, dict):
        return []
    if all(isinstance(tree.get(k), int | float) for k in QUATERNION):
        return [(name, _of_quaternion(tree, name))]
    if {"rows", "cols", "data"} <= tree.keys():
        return _matrices(tree["data"], name, depth + 1)
    return [
        pair
        for key, value in tree.items()
        for pair in _matrices(value, f"{name}.{key}".lstrip("."), depth + 1)
    ]


def _of_quaternion(tree: dict[str, Any], name: str) -> NDArray[np.float64]:
    x, y, z, qx, qy, qz, qw = (float(tree[k]) for k in QUATERNION)
    norm = float(np.linalg.norm([qx, qy, qz, qw]))
    if not abs(norm - 1) < 0.01:
        raise BadInputError(f"the quaternion {name or 'qx, qy, qz, qw'} has length {norm:g}, not 1")
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = quat_wxyz_to_matrix([qw, qx, qy, qz]), (x, y, z)
    return T
