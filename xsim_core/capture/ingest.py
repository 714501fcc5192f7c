"""Ingest: the only way in for data from outside, identified by the digest of its bytes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from xsim_core.artifacts import Capture, GroundTruth, RealWorld
from xsim_core.files.windows import arrays_below
from xsim_core.storage import ArtifactWriter

from .gates.examine import Examined, examine
from .gates.gate import Gates
from .gates.stated import stated_poses
from .identity import IngestConfig
from .previews import contact_sheet, video_strip
from .readers.apart import read_truth_apart, read_world_apart


def ingest_capture(*, config: IngestConfig, out: ArtifactWriter) -> Capture:
    """Read and check a capture folder.

    Raises:
        BadInputError: for everything that a person could have got wrong, with the mend.
    """
    config.check_unchanged()
    # What the readers' process hands over lies there until it is in the store.
    with TemporaryDirectory(dir=out.scratch()) as place:
        examined = examine(
            config.source, Path(place), Gates(), prefer=config.prefer, progress=out.progress
        )
        assert examined is not None  # These gates raise.
        with arrays_below(Path(place)):
            return _commit(examined, config.source, out)


def _commit(examined: Examined, folder: Path, out: ArtifactWriter) -> Capture:
    """Write what came through the gates."""
    file, video, brought = examined.file, examined.video, examined.brought
    photos, place = brought.photos, examined.place
    arrays = {
        "video/rgb": video.rgb, "video/depth_mm": video.depth_mm, "video/K": video.K,
        "video/timestamps_s": video.timestamps_s, "photos": photos,
    }  # fmt: skip
    out.write_all(arrays)
    out.write_all(brought.photo_poses, prefix="photo_poses")
    made = examined.from_film
    out.write_all(examined.mesh.arrays, prefix="object")
    if made is not None:
        out.write("object/is_seen", made.is_seen)
    if place.motion is not None:
        moved = {"T_world_cam": place.motion.T_world_cam, "has_pose": place.motion.has_pose}
        out.write_all(moved, prefix="camera")
    out.write_all(brought.room, prefix="room")
    track = examined.track
    if track is not None:
        out.write_all({"T": track.T_frame_object, "has_pose": track.has_pose}, prefix="track")
    if len(photos):
        out.add_file("photos.jpg", contact_sheet(photos))
    out.add_file("video.jpg", video_strip(video, examined.init_frame, file.init_box_xyxy))
    return Capture(
        name=file.name,
        object_name=file.object_name,
        num_frames=len(video.rgb),
        num_photos=len(photos),
        photo_names=brought.photo_names,
        room=file.room if isinstance(file.room, str) else "file",
        metres_per_unit=stated_poses(file).metres_per_unit,
        T_world_poses=stated_poses(file).T_world_poses,
        fps=round(video.fps, 6),
        board=place.board,
        T_world_cam=place.rows,
        world=place.world,
        init_frame=examined.init_frame,
        init_box_xyxy=file.init_box_xyxy,
        box_from=examined.box_from,
        is_mesh_coloured=examined.mesh.is_textured,
        mesh_from="file" if made is None else "film",
        mesh_seen_share=None if made is None else round(made.seen_share, 4),
        symmetry=examined.symmetry,
        track_frame=None if track is None else track.frame or "unknown",
        notes=tuple(dict.fromkeys(note.replace(f"{folder}/", "") for note in examined.notes)),
    )


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


_TRUTH_NAMES = {
    "photo_T_world_cam": "photo/T_world_cam",
    "photo_K": "photo/K",
    "video_T_world_cam": "camera/T_world_cam",
}
