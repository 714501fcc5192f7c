"""What a capture is known by: the digest of its bytes, and what the file system says of its files.

Hashing reads everything, once. Afterwards what a file system says of a file (size, times, number)
stands for its bytes, as it does for git and rsync: gigabytes are not read again at each look.
"""

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from xsim_core.config import ContentConfig
from xsim_core.errors import BadInputError

if TYPE_CHECKING:
    from .layout import CaptureFile

VideoChoice = Literal["declared", "recording", "folder"]

COARSEST_TIMES_S = 2.0
"""Some file systems (FAT; NFS with 1 s) tell times no finer: a second change within it looks as the
first, so that the stamp of a file changed so lately stands for nothing yet (git's "racy" files)."""


class StillArrivingError(BadInputError):
    """A capture is being written to; its digest would be that of half a capture."""


class IngestConfig(ContentConfig):
    """Which files to take in. Where they lie is not part of the identity; their bytes are."""

    source: Path = Field(exclude=True)
    """The capture's folder, or the folder of its truth."""
    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over names and bytes of the files that are read."""
    prefer: VideoChoice = "declared"
    """The video that ``capture.yaml`` names, or the recording or RGB-D folder in ``video/``."""
    stamp: str | None = Field(default=None, exclude=True)
    """What the file system said of the files when they were read; None when that stands for nothing
    since one had changed a moment before."""

    @staticmethod
    def from_folder(path: Path, *, prefer: VideoChoice = "declared") -> "IngestConfig":
        """The configuration for a capture folder or a truth folder as it is now; reads every byte.

        Raises:
            StillArrivingError: when it changed meanwhile.
            BadInputError: when the folder is neither, or one of its files cannot be read.
        """
        path = path.resolve()
        begun_s = time.time()
        stamp, changed_s = file_stamp(path, prefer)
        digest = _digest(path, prefer)
        if file_stamp(path, prefer)[0] != stamp:
            raise StillArrivingError(f"{path} changed while it was read. Wait until it is whole.")
        settled = begun_s - changed_s >= COARSEST_TIMES_S
        return IngestConfig(
            source=path, content_digest=digest, prefer=prefer, stamp=stamp if settled else None
        )

    def check_unchanged(self) -> None:
        """Make sure that the files are those of the digest; reads them only if it must.

        Raises:
            BadInputError: when they are not.
        """
        if self.stamp is not None and file_stamp(self.source, self.prefer)[0] == self.stamp:
            return
        super().check_unchanged()

    def _digest_now(self) -> str:
        return _digest(self.source, self.prefer)

    def _changed(self) -> tuple[str, str]:
        return str(self.source), "Start the run again."


def source_files(folder: Path, prefer: VideoChoice = "declared") -> list[Path]:
    """The files that ingest reads, whose names and bytes are the capture's identity.

    Raises:
        BadInputError: when the folder is no capture.
    """
    if (folder / "world.json").is_file() or (folder / "truth.npz").is_file():
        return _files_below(folder)
    # Here: a fifth of a finished run, which knows its captures and reads none.
    from .layout import CAPTURE_FILE, mesh_path, read_capture_file
    from .place.resolve import place_files
    from .readers import video_files
    from .readers.meshes.linked_files import mesh_files, mesh_root

    file = read_capture_file(folder)
    video = video_path(folder, file, prefer)
    mesh = mesh_path(folder, file)
    places = [] if mesh is None else [mesh.parent]
    films: list[Path] = []
    if file.room == "photos":
        (films if (folder / file.photos).is_file() else places).append(folder / file.photos)
    room = () if isinstance(file.room, str) else (folder / file.room.file,)
    more, singles = video_files(video)
    linked = [] if mesh is None else mesh_files(mesh, mesh_root(mesh, folder))
    placing = [p for p in place_files(file, folder) if p.is_file()]
    more += [p for p in place_files(file, folder) if p.is_dir()]
    if file.track is not None:
        given = folder / file.track.file
        more += [given] if given.is_dir() else []
        singles += [given] if given.is_file() else []
    for path in room:
        linked += [path, *mesh_files(path, mesh_root(path, folder))] if path.is_file() else []
    files = [folder / CAPTURE_FILE, *films, *singles, *linked, *placing]
    return sorted({*files, *(p for place in [*places, *more] for p in _files_below(place))})


def video_path(folder: Path, file: "CaptureFile", prefer: VideoChoice) -> Path:
    """The recording or the RGB-D folder that is taken.

    Raises:
        BadInputError: when a recording is preferred and there is none.
    """
    from .readers.video import RECORDING_SUFFIXES

    match prefer:
        case "declared":
            return folder / file.video
        case "folder":
            return folder / "video"
        case "recording":
            found = sorted(
                p for p in (folder / "video").glob("*") if p.suffix in RECORDING_SUFFIXES
            )
            if not found:
                raise BadInputError(
                    f"{folder}/video holds no recording ({', '.join(RECORDING_SUFFIXES)})"
                )
            return found[0]


def file_stamp(capture: Path, prefer: VideoChoice = "declared") -> tuple[str, float]:
    """What the file system says of a capture's files, and when one changed last (Unix seconds).

    The time is that of the last change to the file's entry (ctime): copying tools set the other.

    Raises:
        StillArrivingError: when a file vanished meanwhile.
        BadInputError: when the folder is no capture, or cannot be read.
    """
    try:
        stats = [(str(p), p.stat()) for p in source_files(capture, prefer)]
    except FileNotFoundError as error:
        raise StillArrivingError(f"{capture} changed while it was listed: {error}") from error
    except OSError as error:
        raise BadInputError(f"{capture} cannot be read: {error}") from error
    lines = [f"{p} {s.st_ino} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns}" for p, s in stats]
    stamp = hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()
    return stamp, max(s.st_ctime for _, s in stats)


_NO_PART = {
    ".ds_store", ".directory", ".fseventsd", ".spotlight-v100", ".trashes", "@eadir", "__macosx",
    "#recycle", "desktop.ini", "ehthumbs.db", "thumbs.db",
}  # fmt: skip
"""What operating systems and file servers leave in any folder; no reader reads it."""


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.rglob("*") if all(map(is_part, _names(p, folder))) and p.is_file()
    )


def is_part(name: str) -> bool:
    """Whether a file or folder of that name can be part of what a person brings."""
    return name.lower() not in _NO_PART and not name.startswith("._")


def _names(path: Path, folder: Path) -> list[str]:
    return list(path.relative_to(folder).parts)


def _digest(folder: Path, prefer: VideoChoice) -> str:
    total = hashlib.sha256()
    try:
        for path in source_files(folder, prefer):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            # Files may lie outside the folder, as a mesh shared between captures does.
            name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
            try:
                total.update(f"{name}\0{content}\n".encode())
            except UnicodeEncodeError:
                raise BadInputError(f"the name of {str(path)!a} is not UTF-8: rename it") from None
    except OSError as error:
        raise BadInputError(f"{folder} cannot be read: {error}") from error
    return total.hexdigest()
