"""Photos of the room: folders of pictures, and films, that belong to nothing else."""

from pathlib import Path

from xsim_core.capture.readers.images import image_files, open_image
from xsim_core.capture.readers.one_camera import of_one_camera
from xsim_core.capture.readers.photo_films.read_film import is_film, size_and_length
from xsim_core.capture.readers.posed.posed_photos import poses_in
from xsim_core.errors import XSimError

from .facts import Photos
from .films import said
from .tree import Tree

HEAD_CHARS = 1 << 16
MAX_FILMS = 4
LEAST = 3
"""Pictures that make a set; fewer are textures and snapshots."""
NAMES = ("photo", "phone", "room", "scan", "image", "img", "dcim")
"""Words in a folder's name that speak for photos, the strongest first."""


def find_photos(tree: Tree, taken: set[Path]) -> list[Photos]:
    """Folders of three pictures or more not in ``taken``, the likeliest first; then films."""
    found = [
        (folder, files)
        for folder in tree.folders
        if folder not in taken and len(files := image_files(folder)) >= LEAST
    ]
    found.sort(key=lambda pair: (_name_rank(pair[0]), -len(pair[1])))
    films = [p for p in tree.files if is_film(p) and p.parent not in taken]
    films.sort(key=_name_rank)
    folders = [_looked_at(folder, files, tree) for folder, files in found]
    return [*folders, *(_film(path, tree) for path in films[:MAX_FILMS])]


def _film(path: Path, tree: Tree) -> Photos:
    try:
        (w, h), seconds = size_and_length(path)
    except XSimError as error:
        return Photos(path=tree.rel(path), what="a film", fault=said(error, tree))
    what = f"a film of {w}x{h}, {seconds:.0f} s; its sharpest frames become the photos"
    return Photos(path=tree.rel(path), what=what)


def _name_rank(folder: Path) -> int:
    name = folder.name.lower()
    return next((k for k, word in enumerate(NAMES) if word in name), len(NAMES))


def _looked_at(folder: Path, files: list[Path], tree: Tree) -> Photos:
    notes: list[str] = []
    try:
        with open_image(files[0]) as photo:
            w, h = photo.size
        of_one_camera(files, notes)
    except XSimError as error:
        what = f"{len(files)} pictures"
        return Photos(path=tree.rel(folder), what=what, fault=said(error, tree))
    place, poses = _poses_of(folder, tree)
    known = f"; where they were taken comes with them ({poses})" if poses else ""
    return Photos(
        path=tree.rel(place),
        poses=poses,
        what=f"{len(files)} pictures, the first of {w}x{h}{known}",
        notes=tuple(notes),
        num_photos=len(files),
    )


def _poses_of(folder: Path, tree: Tree) -> tuple[Path, str]:
    """The folder to name as that of the photos, and what below it tells their poses, if any does.

    nerfstudio's and COLMAP's files lie beside the folder of images as often as in it.
    """
    if name := poses_in(folder):
        return folder, name
    above = folder.parent
    name = poses_in(above) if folder != tree.root else None
    if name is None:
        return folder, ""
    is_theirs = folder.name == "images"
    if (above / name).is_file():
        with (above / name).open(encoding="utf-8", errors="replace") as file:
            is_theirs = f"{folder.name}/" in file.read(HEAD_CHARS)
    return (above, name) if is_theirs else (folder, "")
