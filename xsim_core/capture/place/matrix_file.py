"""Matrices as calibrations leave them: .npy, text, and JSON or YAML (see ``pose_tree.py``)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.text import one_line, parse_yaml, read_text

from .pose_tree import pose_in_tree, poses_in_tree
from .shapes import shaped

ACCEPTS = (
    ".npy, .txt, .csv, .json, .yaml, .calib: 4×4, 3×4, or 16 or 12 numbers; in JSON and YAML below "
    "any key (`key:` says which), as OpenCV's `data`, as x, y, z, qx, qy, qz, qw (easy_handeye), "
    "or as a ROS Transform or Pose (easy_handeye2, tf)"
)
SUFFIXES = (".npy", ".txt", ".csv", ".json", ".yaml", ".yml", ".calib")
MAX_BYTES = 1 << 20


def read_matrix(path: Path, notes: list[str], *, key: str | None = None) -> NDArray[np.float64]:
    """The numbers (4, 4), (3, 4), (16,) or (12,) of a file; what they mean is not looked at.

    Args:
        path: of the file.
        notes: receives which value of several was taken.
        key: the value's name in a JSON or YAML file.

    Raises:
        BadInputError: when it is missing, unreadable, or holds no matrix or several.
    """
    numbers, tree = _parsed(path, notes)
    return pose_in_tree(tree, path, key, notes) if numbers is None else numbers


def named_matrices(path: Path) -> dict[str, NDArray[np.float64]]:
    """All poses that ``read_matrix`` could take of a file, by their dotted names.

    The one of a file without names has the name "".

    Raises:
        BadInputError: as ``read_matrix``, but for none or several of them.
    """
    numbers, tree = _parsed(path, [])
    return poses_in_tree(tree) if numbers is None else {"": numbers}


def _parsed(path: Path, notes: list[str]) -> tuple[NDArray[np.float64] | None, Any]:
    """The numbers of a file that holds nothing else; or None, and the tree of one with names."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInputError(
            f"{path}: '{suffix}' is no matrix file we read ({' '.join(SUFFIXES)}). Save it as text."
        )
    if not path.is_file():
        raise BadInputError(f"{path} does not exist: the camera's matrix is read from there")
    if suffix == ".npy":
        return shaped(_load_npy(path), str(path)), None
    text = read_text(path, notes, max_bytes=MAX_BYTES)
    if suffix in (".txt", ".csv"):
        return shaped(_numbers_of_text(text, path), str(path)), None
    # OpenCV's own YAML begins with a directive that YAML does not have, and tags its matrices (from
    # 5.0 on those of one axis otherwise than those of two).
    text = re.sub(r"^%YAML[^\n]*\n", "", text)
    text = re.sub(r"!!opencv-(nd-)?matrix", "", text)
    return None, parse_yaml(text, f"{path} is not YAML or JSON")


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
