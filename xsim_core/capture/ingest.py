"""Ingest: the only way in for data from outside, identified by the digest of its bytes."""

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.artifacts import Capture, GroundTruth, RealWorld
from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh, board_fault
from xsim_core.storage import ArtifactWriter

from .formats import RGBDVideo
from .layout import CAPTURE_FILE, CaptureFile, read_capture_file
from .previews import contact_sheet, video_strip
from .readers import read_mesh, read_photos, read_video_and_unit, video_files
from .readers.depth_unit import board_ratio, check_with_board
from .readers.video import RECORDING_SUFFIXES

VideoChoice = Literal["declared", "recording", "folder"]


class IngestConfig(FrozenModel):
    """Which files to take in. Where they lie is not part of the identity; their bytes are."""

    source: Path = Field(exclude=True)
    """The capture's folder, or the folder of its truth."""
    content_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 over names and bytes of the files that are read."""
    prefer: VideoChoice = "declared"
    """The video that ``capture.yaml`` names, or the recording or RGB-D folder in ``video/``."""

    @staticmethod
    def from_folder(path: Path, *, prefer: VideoChoice = "declared") -> "IngestConfig":
        """The configuration for a capture folder or a truth folder as it is now.

        Raises:
            BadInputError: when the folder is neither, or one of its files cannot be read.
        """
        path = path.resolve()
        try:
            digest = _digest(path, source_files(path, prefer))
        except OSError as error:
            raise BadInputError(f"{path} cannot be read: {error}") from error
        return IngestConfig(source=path, content_digest=digest, prefer=prefer)


def ingest_capture(*, config: IngestConfig, out: ArtifactWriter) -> Capture:
    """Read and check a capture folder.

    Raises:
        BadInputError: for everything that a person could have got wrong, with the mend.
    """
    folder, notes = config.source, []
    file = read_capture_file(folder, notes)
    _check_unchanged(config)
    if fault := board_fault(file.board):
        raise BadInputError(f"{CAPTURE_FILE}: board: {fault}")
    mesh = read_mesh(folder / file.mesh)
    photos = read_photos(folder / file.photos, notes)
    out.progress(0.2, {"photos": len(photos)})
    video = _read_video(folder, file, config.prefer, notes)
    out.progress(0.7, {"photos": len(photos), "frames": len(video.rgb)})
    init_frame = _init_frame(file, video)
    _check_depth(video, folder)
    arrays = {
        "video/rgb": video.rgb, "video/depth_mm": video.depth_mm, "video/K": video.K,
        "video/timestamps_s": video.timestamps_s, "photos": photos, **_mesh_arrays(mesh),
    }  # fmt: skip
    out.write_all(arrays)
    out.add_file("photos.jpg", contact_sheet(photos))
    out.add_file("video.jpg", video_strip(video, init_frame, file.init_box_xyxy))
    return Capture(
        name=file.name, object_name=file.object_name, num_frames=len(video.rgb),
        num_photos=len(photos), fps=round(video.fps, 6), board=file.board,
        init_frame=init_frame, init_box_xyxy=file.init_box_xyxy,
        notes=tuple(dict.fromkeys(note.replace(f"{folder}/", "") for note in notes)),
    )  # fmt: skip


def ingest_truth(*, config: IngestConfig, out: ArtifactWriter) -> GroundTruth:
    """Read the ground truth of a synthesised capture."""
    _check_unchanged(config)
    path = config.source / "truth.npz"
    try:
        with np.load(path, allow_pickle=False) as truth:
            arrays = {str(name): truth[name] for name in truth.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path} is missing or damaged: {error}") from error
    out.write_all({_TRUTH_NAMES.get(name, name): values for name, values in arrays.items()})
    return GroundTruth(name=config.source.name)


def ingest_world(*, config: IngestConfig, out: ArtifactWriter) -> RealWorld:
    """Seal the description of the world to deploy into."""
    _check_unchanged(config)
    path = config.source / "world.json"
    try:
        spec = path.read_bytes()
        name = str(json.loads(spec)["name"])
    except (OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{path} is missing or damaged: {error!r}") from error
    mesh = read_mesh(config.source / "object" / "mesh.obj")
    out.write_all({"spec_json": np.frombuffer(spec, np.uint8), **_mesh_arrays(mesh)})
    return RealWorld(name=name)


_TRUTH_NAMES = {"photo_T_world_cam": "photo/T_world_cam", "photo_K": "photo/K"}


def _mesh_arrays(mesh: TexturedMesh) -> dict[str, NDArray[np.generic]]:
    return {
        "object/vertices": mesh.vertices, "object/faces": mesh.faces, "object/uv": mesh.uv,
        "object/texture": mesh.texture,
    }  # fmt: skip


def _read_video(
    folder: Path, file: CaptureFile, prefer: VideoChoice, notes: list[str]
) -> RGBDVideo:
    """The video, its depth compared with what the printed board's size says."""
    path = _video_path(folder, file, prefer)
    video, unit = read_video_and_unit(path, notes, depth_unit_m=file.depth_unit_m)
    ratio = board_ratio(video.rgb, video.depth_mm, video.camera, file.board)
    return replace(video, depth_mm=check_with_board(video.depth_mm, unit, ratio, notes))


def _video_path(folder: Path, file: CaptureFile, prefer: VideoChoice) -> Path:
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


def source_files(folder: Path, prefer: VideoChoice = "declared") -> list[Path]:
    """The files that ingest reads, whose names and bytes are the capture's identity.

    Raises:
        BadInputError: when the folder is no capture.
    """
    if (folder / "world.json").is_file() or (folder / "truth.npz").is_file():
        return _files_below(folder)
    file = read_capture_file(folder)
    video = _video_path(folder, file, prefer)
    places = [folder / file.photos, (folder / file.mesh).parent]
    more, singles = video_files(video)
    files = [folder / CAPTURE_FILE, *singles]
    return sorted({*files, *(p for place in [*places, *more] for p in _files_below(place))})


_NO_PART = {
    ".ds_store", ".directory", ".fseventsd", ".spotlight-v100", ".trashes", "@eadir", "__macosx",
    "#recycle", "desktop.ini", "ehthumbs.db", "thumbs.db",
}  # fmt: skip
"""What operating systems and file servers leave in any folder; no reader reads it."""


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.rglob("*")
        if not any(n in _NO_PART or n.startswith("._") for n in _names(p, folder)) and p.is_file()
    )  # fmt: skip


def _names(path: Path, folder: Path) -> list[str]:
    return [name.lower() for name in path.relative_to(folder).parts]


def _digest(folder: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        # Files may lie outside the folder, as a mesh shared between captures does.
        name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
        try:
            total.update(f"{name}\0{content}\n".encode())
        except UnicodeEncodeError:
            raise BadInputError(f"the name of {str(path)!a} is not UTF-8: rename it") from None
    return total.hexdigest()


def _check_unchanged(config: IngestConfig) -> None:
    now = _digest(config.source, source_files(config.source, config.prefer))
    if now != config.content_digest:
        raise BadInputError(f"{config.source} changed after it was submitted. Start the run again.")


def _init_frame(file: CaptureFile, video: RGBDVideo) -> int:
    """The frame of the video that ``init_frame`` means; the box must lie within it."""
    num_frames, h, w = video.rgb.shape[:3]
    numbers = video.source_frames if video.source_frames is not None else np.arange(num_frames)
    found = np.flatnonzero(numbers == file.init_frame)
    if len(found) == 0:
        dropped = (
            "; that one was dropped, as it has no depth" if file.init_frame < numbers[-1] else ""
        )
        raise BadInputError(
            f"{CAPTURE_FILE}: init_frame is {file.init_frame} but the video has {num_frames} frames"
            f"{dropped}"
        )
    left, top, right, bottom = file.init_box_xyxy
    inside = left >= 0 and top >= 0 and right <= w and bottom <= h
    if not inside or right - left < 4 or bottom - top < 4:
        raise BadInputError(
            f"{CAPTURE_FILE}: init_box_xyxy {list(file.init_box_xyxy)} is not a box (left, top, "
            f"right, bottom) inside the {w}x{h} image of frame {file.init_frame}"
        )
    return int(found[0])


def _check_depth(video: RGBDVideo, folder: Path) -> None:
    valid = float((video.depth_mm > 0).mean())
    if valid < 0.05:
        raise BadInputError(
            f"{folder}: only {valid:.1%} of the video's pixels have depth. Was the depth stream "
            "on, and the scene 0.3 to 4 m away?"
        )
    median_mm = float(np.median(video.depth_mm[video.depth_mm > 0]))
    if not 100 < median_mm < 8000:
        raise BadInputError(
            f"{folder}: the median depth is {median_mm:.0f} mm; depth must be in millimetres"
        )
