"""Videos: recordings and RGB-D folders, wherever they lie."""

from dataclasses import dataclass
from pathlib import Path

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.depth_unit import DepthUnit
from xsim_core.capture.readers.video import (
    RECORDING_SUFFIXES,
    read_video_and_unit,
    video_files,
)
from xsim_core.errors import XSimError

from .facts import Film
from .tree import Tree

MAX_READ = 3
"""Candidates that are opened until one can be read."""
MAX_LISTED = 12


@dataclass(frozen=True)
class ReadFilm:
    """The film that was read."""

    path: Path
    video: RGBDVideo
    unit: DepthUnit


def find_films(tree: Tree) -> list[Path]:
    """Recordings, then RGB-D folders; those near the top come first.

    A folder is one where the reader of videos finds folders of its own in it, and depth among
    them: colour alone are photos.
    """
    folders = [f for f in tree.folders if _is_film_folder(f)]
    inner = {f for f in folders if video_files(f)[0] == [f]}
    files = [
        p
        for p in tree.files
        if p.suffix in RECORDING_SUFFIXES and inner.isdisjoint([p.parent, *p.parent.parents])
    ]
    return [*files, *sorted(folders, key=lambda f: len(f.parts))]


def _is_film_folder(folder: Path) -> bool:
    places = video_files(folder)[0]
    return places == [folder] or len(places) > 1 or any("depth" in p.name for p in places)


def read_first(tree: Tree, found: list[Path]) -> tuple[list[Film], ReadFilm | None]:
    """What the candidates are; the first that can be read is."""
    films: list[Film] = []
    chosen: ReadFilm | None = None
    for path in found[:MAX_LISTED]:
        kind = "an RGB-D folder" if path.is_dir() else f"a recording ({path.suffix})"
        tried = sum(film.is_read for film in films)
        if chosen is not None or tried >= MAX_READ:
            films.append(Film(path=tree.rel(path), what=f"{kind}, not opened", is_read=False))
            continue
        notes: list[str] = []
        try:
            video, unit = read_video_and_unit(path, notes)
        except XSimError as error:
            films.append(Film(path=tree.rel(path), what=kind, fault=said(error, tree)))
            continue
        chosen = ReadFilm(path, video, unit)
        t, h, w = video.rgb.shape[:3]
        films.append(
            Film(
                path=tree.rel(path),
                what=f"{kind}: {t} frames of {w}x{h}, {video.fps:.3g} a second",
                notes=tuple(notes),
                num_frames=t,
                image_wh=(w, h),
            )
        )
    if len(found) > MAX_LISTED:
        more = len(found) - MAX_LISTED
        films.append(Film(path=".", what=f"{more} more candidates, not opened", is_read=False))
    return films, chosen


def said(error: Exception, tree: Tree) -> str:
    """A reader's sentence, with paths as ``capture.yaml`` writes them."""
    return str(error).replace(f"{tree.root}/", "").replace(str(tree.root), ".")
