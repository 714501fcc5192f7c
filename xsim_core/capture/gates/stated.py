"""What ``capture.yaml`` states of the photos and the room, and the files that this names."""

from pathlib import Path

from xsim_core.capture.layout import CAPTURE_FILE, CaptureFile
from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.capture.place.spec import PhotoPosesSpec
from xsim_core.capture.readers.meshes.linked_files import mesh_root
from xsim_core.capture.readers.photo_films.read_film import is_film
from xsim_core.capture.readers.posed.posed_photos import ACCEPTS as ACCEPTS_POSES, poses_in
from xsim_core.errors import BadInputError

NO_METRES = (
    "photos: nothing tells their metres (neither board, tags nor photo_poses with T_world_poses): "
    "scan will refuse them; with `room: film` the video gives the room"
)


def room_file(file: CaptureFile, folder: Path) -> tuple[Path, RoomFileSpec, Path] | None:
    """The room that was brought: its file, what is said of it, and the folder of what it links."""
    if not isinstance(file.room, RoomFileSpec):
        return None
    path = folder / file.room.file
    return path, file.room, mesh_root(path, folder)


def stated_poses(file: CaptureFile) -> PhotoPosesSpec:
    """What the capture says of its photos' poses."""
    said = file.photo_poses
    return said if isinstance(said, PhotoPosesSpec) else PhotoPosesSpec()


def poses_file(file: CaptureFile, folder: Path) -> str | None:
    """What tells the photos' poses, relative to them: as stated, or as it lies there.

    Raises:
        BadInputError: when poses are stated or described, and none lie there.
    """
    if file.room != "photos" or file.photo_poses == "solve":
        return None
    if is_film(folder / file.photos):
        if file.photo_poses is None:
            return None
        raise BadInputError(
            f"{CAPTURE_FILE}: photo_poses describes poses, and 'photos' is a film, whose chosen "
            "frames have no names that they could be of. Bring the images that the poses are of, "
            "or leave photo_poses out."
        )
    found = stated_poses(file).file or poses_in(folder / file.photos)
    if found is None and file.photo_poses is not None:
        raise BadInputError(
            f"{CAPTURE_FILE}: photo_poses describes poses, and {folder / file.photos} holds none. "
            f"Read are {ACCEPTS_POSES}."
        )
    return found


def tells_metres(file: CaptureFile) -> bool:
    """Whether scan can bring the photos to the robot's frame, as far as that is stated."""
    is_placed = stated_poses(file).T_world_poses is not None
    return file.room != "photos" or file.board is not None or is_placed
