"""Matrices in a folder: intrinsics, the camera's pose, poses of an object, and a robot's poses."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.hand_eye.robot_poses import read_robot_poses
from xsim_core.capture.place.matrix_file import MAX_BYTES, SUFFIXES, named_matrices
from xsim_core.capture.place.rigid import stated_pose
from xsim_core.capture.place.spec import CameraSpec
from xsim_core.capture.readers.images import image_files
from xsim_core.capture.readers.intrinsics import parse_intrinsics
from xsim_core.errors import XSimError
from xsim_core.files.text import read_text

from .facts import Found
from .tree import Tree

Floats = NDArray[np.float64]

SERIES = 5
"""Numbered files of one kind in a folder that are one series, an item a frame."""
LEAST_HAND_EYE = 3


@dataclass(frozen=True)
class Poses:
    """Rigid transforms of one file, value or series of files."""

    path: Path
    key: str
    T: Floats
    """(n, 4, 4)."""
    is_only: bool = True
    """Whether its file holds no other; ``key`` need not be said then."""
    is_series: bool = False
    """Whether each is a file of its own, in one folder."""

    @property
    def name(self) -> str:
        """All words that its author gave it."""
        return f"{self.path.parent.name}/{self.path.stem}.{self.key}".lower()


def small_texts(tree: Tree, taken: set[Path]) -> list[Path]:
    """Files that may hold a few numbers: of a matrix's suffixes, and no part of a series."""
    return [
        path
        for folder, files in tree.files_in.items()
        if folder not in taken
        for path in files
        if path.suffix.lower() in SUFFIXES
        and path.stat().st_size <= MAX_BYTES
        and path not in _series(files)
    ]


def find_intrinsics(tree: Tree, texts: list[Path]) -> list[Found]:
    """Files that tell a pinhole camera."""
    found: list[Found] = []
    for path in texts:
        if path.suffix.lower() == ".npy":
            continue
        try:
            camera = parse_intrinsics(read_text(path, [], max_bytes=MAX_BYTES), path.name, [])
        except XSimError:
            continue
        f, size = camera.K[0, 0], camera.image_wh
        if not f > 20:
            continue  # A pose's numbers, or a list of other things.
        of = f", of {size[0]}x{size[1]} images" if size else ""
        found.append(Found(path=tree.rel(path), what=f"intrinsics, f = {f:.0f} px{of}"))
    return found


def find_poses(tree: Tree, texts: list[Path], taken: set[Path]) -> list[Poses]:
    """Rigid transforms in files, in stacks of one file, and in series of files."""
    found: list[Poses] = []
    for path in texts:
        found += _of_file(path)
    for folder, files in tree.files_in.items():
        series = _series(files)
        if folder not in taken and series and (first := _of_file(series[0])):
            # The first tells what all are; a bad one among them its reader names.
            every = [p for path in series for p in _of_file(path)[:1]]
            T = np.concatenate([p.T[:1] for p in every])
            found.append(Poses(series[0], first[0].key, T, is_series=True))
    return found


def find_hand_eye(tree: Tree) -> tuple[list[Found], set[Path]]:
    """Folders of pictures with the robot's pose at each; and those folders."""
    found: list[Found] = []
    folders: set[Path] = set()
    for folder, files in tree.files_in.items():
        pictures = image_files(folder)
        if len(pictures) < LEAST_HAND_EYE or not any(p.suffix.lower() in SUFFIXES for p in files):
            continue
        try:
            readings = read_robot_poses(pictures, folder, [])
        except XSimError:
            continue
        num_poses = max(map(len, readings.values()))
        if num_poses < max(LEAST_HAND_EYE, len(pictures) // 2):
            continue
        folders.add(folder)
        what = f"{len(pictures)} pictures, {num_poses} of them with the robot's pose"
        found.append(Found(path=tree.rel(folder), what=what))
    return found, folders


def _series(files: list[Path]) -> list[Path]:
    """The folder's numbered files of one suffix, if they are many."""
    numbered = [p for p in files if p.suffix.lower() in SUFFIXES and re.search(r"\d", p.stem)]
    suffixes = {p.suffix.lower() for p in numbered}
    return numbered if len(numbered) >= SERIES and len(suffixes) == 1 else []


def _of_file(path: Path) -> list[Poses]:
    stacks = [Poses(path, key, T) for key, T in _stacks(path)]
    try:
        named = named_matrices(path)
    except XSimError:
        return stacks
    rigid = {key: T for key, M in named.items() if (T := _rigid(M)) is not None}
    singles = [Poses(path, key, T[None], is_only=len(named) == 1) for key, T in rigid.items()]
    return [*singles, *stacks]


def _rigid(numbers: Floats) -> Floats | None:
    try:
        return stated_pose(numbers, CameraSpec(matrix="x"), "", [])
    except XSimError:
        return None


def _stacks(path: Path) -> Iterator[tuple[str, Floats]]:
    """Arrays (n, 4, 4) of rigid transforms in a JSON or NumPy file."""
    try:
        if path.suffix.lower() == ".npy":
            values: dict[str, Any] = {"": np.load(path, allow_pickle=False)}
        elif path.suffix.lower() == ".json":
            tree = json.loads(path.read_bytes())
            values = tree if isinstance(tree, dict) else {"": tree}
        else:
            return
    except (OSError, ValueError, RecursionError):
        return
    for key, value in values.items():
        try:
            T = np.asarray(value, np.float64)
        except (TypeError, ValueError, OverflowError):
            continue
        if T.ndim != 3 or T.shape[1:] != (4, 4) or len(T) < 2:
            continue
        rigid = [_rigid(M) for M in T]
        if all(M is not None for M in rigid):
            yield str(key), np.stack(rigid)  # type: ignore[arg-type]
