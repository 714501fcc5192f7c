"""Poses of a camera that moves: those whose name says so, and that are of the film's frames."""

import re
from pathlib import Path

import numpy as np

from xsim_core.capture.readers.camera_paths.of_film import read_camera_path
from xsim_core.capture.readers.recordings import record3d, sens
from xsim_core.errors import XSimError

from .facts import CameraPath
from .films import ReadFilm, said
from .poses import OBJECT_NAME
from .tree import Tree

SURE = re.compile(r"ground_?truth|traj|camera_?path|odom|slam")
"""Names that only a camera's path has, of texts."""
LIKELY = re.compile(r"c2w|w2c|cam(era)?_?poses?|extrinsics?")
FOLDERS = re.compile(r"(cam(era)?_?)?poses?|extrinsics?|c2w|w2c|cam(era)?2world|traj(ectory)?")
TEXTS = {".txt", ".tum", ".log"}
SUFFIXES = TEXTS | {".json", ".npy", ".npz", ".csv"}
EXACT = ("transforms.json", "scene_camera.json")
LEAST_FRAMES = 3
MAX_TRIED = 12


def find_camera_paths(tree: Tree, film: ReadFilm) -> list[CameraPath]:
    """Files and folders that the reader of camera paths takes for this film."""
    found: list[CameraPath] = []
    for path, is_sure in _candidates(tree, film.path)[:MAX_TRIED]:
        notes: list[str] = []
        try:
            given = read_camera_path(path, film.video, notes)
        except XSimError as error:
            if is_sure:
                what = "by its name of the camera's path"
                found.append(CameraPath(path=tree.rel(path), what=what, fault=said(error, tree)))
            continue
        places = given.T[given.has_pose, :3, 3]
        if len(places) < LEAST_FRAMES:
            continue
        found.append(
            CameraPath(
                path=tree.rel(path),
                what=f"{given.about.form}: {len(places)} of {len(given.T)} frames have a pose",
                notes=tuple(notes),
                num_poses=len(places),
                moves_m=float(np.linalg.norm(places - places[0], axis=1).max()),
            )
        )
    return sorted(found, key=lambda path: (bool(path.fault), -path.num_poses))


def is_of_path(path: Path, paths: list[CameraPath], tree: Tree) -> bool:
    """Whether a file is, or lies in, one that was taken for the camera's path."""
    taken = {tree.root / p.path for p in paths if p.is_usable}
    return path in taken or path.parent in taken


def _candidates(tree: Tree, film: Path) -> list[tuple[Path, bool]]:
    """With whether a name is sure; the nearest to the film's folder come first."""
    near = film if film.is_dir() else film.parent
    kept = [
        (p, SURE.search(p.stem.lower()) is not None and p.suffix.lower() in TEXTS)
        for p in tree.files
        if p.suffix.lower() in SUFFIXES
        and not OBJECT_NAME.search(p.stem.lower())
        and (
            SURE.search(p.stem.lower())
            or LIKELY.search(p.stem.lower())
            or (p.name in EXACT and p.parent == near)
        )
    ]
    folders = [
        (folder, False)
        for folder, inside in tree.files_in.items()
        if FOLDERS.fullmatch(folder.name.lower()) and any(f.suffix in SUFFIXES for f in inside)
    ]
    phone = [(film, False)] if film.suffix in (record3d.SUFFIX, sens.SUFFIX) else []
    return phone + sorted([*kept, *folders], key=lambda c: not c[0].is_relative_to(near))
