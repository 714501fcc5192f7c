"""Ingest: the only way in for data from outside, identified by the digest of its bytes."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xsim_core.artifacts import Capture, GroundTruth, RealWorld
from xsim_core.errors import BadInputError
from xsim_core.geometry import Board
from xsim_core.storage import ArtifactWriter
from xsim_core.windows import arrays_below, windows

from .agreement import agreed_video, check_object
from .formats import RGBDVideo
from .identity import IngestConfig, video_path
from .layout import CAPTURE_FILE, CaptureFile, read_capture_file
from .place.resolve import as_seen, resolve_place, stated_board
from .place.spec import PhotoPosesSpec
from .previews import contact_sheet, video_strip
from .readers.apart import Brought, read_apart, read_truth_apart, read_world_apart
from .readers.meshes.linked_files import mesh_root
from .readers.posed.posed_photos import ACCEPTS as ACCEPTS_POSES, poses_in
from .readers.tracks.of_film import GivenTrack


def ingest_capture(*, config: IngestConfig, out: ArtifactWriter) -> Capture:
    """Read and check a capture folder.

    Raises:
        BadInputError: for everything that a person could have got wrong, with the mend.
    """
    folder, notes = config.source, []
    file = read_capture_file(folder, notes)
    config.check_unchanged()
    board = stated_board(file, folder, notes)
    # What the readers' process hands over lies there until it is in the store.
    with TemporaryDirectory(dir=out.scratch()) as place:
        brought = read_apart(
            Path(place),
            mesh=folder / file.mesh,
            mesh_root=mesh_root(folder / file.mesh, folder),
            photos=folder / file.photos if file.room == "photos" else None,
            poses=_poses_file(file, folder),
            video=video_path(folder, file, config.prefer),
            depth_unit_m=file.depth_unit_m,
            track=(folder / file.track.file, file.track) if file.track else None,
        )
        with arrays_below(Path(place)):
            return _commit(brought, file, board, folder, [*notes, *brought.notes], out)


def _commit(
    brought: Brought,
    file: CaptureFile,
    board: Board | None,
    folder: Path,
    notes: list[str],
    out: ArtifactWriter,
) -> Capture:
    """Check what the files hold together, and write it."""
    board = as_seen(board, brought.video, notes)
    photos = brought.photos
    video = agreed_video(
        brought,
        board,
        notes,
        is_camera_stated=file.camera is not None,
        are_photos_placed=_stated(file).T_world_poses is not None,
    )
    out.progress(0.7, {"photos": len(photos), "frames": len(video.rgb)})
    init_frame = _init_frame(file, video)
    _check_depth(video, folder)
    check_object(brought, video, init_frame, file.init_box_xyxy, file.object_name)
    place = resolve_place(file, folder, board, video, init_frame, notes)
    arrays = {
        "video/rgb": video.rgb, "video/depth_mm": video.depth_mm, "video/K": video.K,
        "video/timestamps_s": video.timestamps_s, "photos": photos,
    }  # fmt: skip
    out.write_all(arrays)
    out.write_all(brought.photo_poses, prefix="photo_poses")
    out.write_all(brought.mesh.arrays, prefix="object")
    track = _track(brought, video)
    if track is not None:
        out.write_all({"T": track.T_frame_object, "has_pose": track.has_pose}, prefix="track")
    if len(photos):
        out.add_file("photos.jpg", contact_sheet(photos))
    out.add_file("video.jpg", video_strip(video, init_frame, file.init_box_xyxy))
    return Capture(
        name=file.name,
        object_name=file.object_name,
        num_frames=len(video.rgb),
        num_photos=len(photos),
        room=file.room,
        metres_per_unit=_stated(file).metres_per_unit,
        T_world_poses=_stated(file).T_world_poses,
        fps=round(video.fps, 6),
        board=place.board,
        T_world_cam=place.rows,
        world=place.world,
        init_frame=init_frame,
        init_box_xyxy=file.init_box_xyxy,
        is_mesh_coloured=brought.mesh.is_textured,
        track_frame=None if track is None else track.frame or "unknown",
        notes=tuple(dict.fromkeys(note.replace(f"{folder}/", "") for note in notes)),
    )


def _stated(file: CaptureFile) -> PhotoPosesSpec:
    """What the capture says of its photos' poses."""
    said = file.photo_poses
    return said if isinstance(said, PhotoPosesSpec) else PhotoPosesSpec()


def _poses_file(file: CaptureFile, folder: Path) -> str | None:
    """What tells the photos' poses, relative to them: as stated, or as it lies there.

    Raises:
        BadInputError: when poses are stated or described, and none lie there.
    """
    if file.room != "photos" or file.photo_poses == "solve":
        return None
    found = _stated(file).file or poses_in(folder / file.photos)
    if found is None and file.photo_poses is not None:
        raise BadInputError(
            f"{CAPTURE_FILE}: photo_poses describes poses, and {folder / file.photos} holds none. "
            f"Read are {ACCEPTS_POSES}."
        )
    return found


def _track(brought: Brought, video: RGBDVideo) -> GivenTrack | None:
    """The track that was brought, of the frames that are left of its film."""
    if brought.track is None or len(brought.video.rgb) == len(video.rgb):
        return brought.track
    there = brought.video.source_frames
    numbers = np.arange(len(brought.video.rgb)) if there is None else there
    left = np.arange(len(video.rgb)) if video.source_frames is None else video.source_frames
    return brought.track.of_frames(np.isin(numbers, left))


def ingest_truth(*, config: IngestConfig, out: ArtifactWriter) -> GroundTruth:
    """Read the ground truth of a synthesised capture."""
    config.check_unchanged()
    with TemporaryDirectory(dir=out.scratch()) as place:
        arrays = read_truth_apart(Path(place), truth=config.source / "truth.npz")
        out.write_all({_TRUTH_NAMES.get(name, name): values for name, values in arrays.items()})
    return GroundTruth(name=config.source.name)


def ingest_world(*, config: IngestConfig, out: ArtifactWriter) -> RealWorld:
    """Seal the description of the world to deploy into."""
    config.check_unchanged()
    spec, mesh = config.source / "world.json", config.source / "object" / "mesh.obj"
    with TemporaryDirectory(dir=out.scratch()) as place:
        arrays, name = read_world_apart(Path(place), spec=spec, mesh=mesh)
        out.write("spec_json", arrays.pop("spec_json"))
        out.write_all(arrays, prefix="object")
    return RealWorld(name=name)


_TRUTH_NAMES = {"photo_T_world_cam": "photo/T_world_cam", "photo_K": "photo/K"}


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
    counts = np.zeros(1 << 16, np.int64)  # How often each depth is measured; film is long.
    for part in windows(video.depth_mm, 1):
        counts += np.bincount(video.depth_mm[part].ravel(), minlength=len(counts))
    measured = np.cumsum(counts[1:])
    num_valid = int(measured[-1])
    valid = num_valid / video.depth_mm.size
    if valid < 0.05:
        raise BadInputError(
            f"{folder}: only {valid:.1%} of the video's pixels have depth. Was the depth stream "
            "on, and the scene 0.3 to 4 m away?"
        )
    middle = np.searchsorted(measured, [(num_valid - 1) // 2, num_valid // 2], side="right") + 1
    median_mm = float(middle.mean())
    if not 100 < median_mm < 8000:
        raise BadInputError(
            f"{folder}: the median depth is {median_mm:.0f} mm; depth must be in millimetres"
        )
