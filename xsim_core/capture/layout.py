"""The files of a capture: what ``capture.yaml`` says and where things lie."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from xsim_core.config import FrozenModel
from xsim_core.errors import BadInputError
from xsim_core.files.text import parse_yaml, read_text
from xsim_core.geometry import BoardSpec
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

from .place.room_spec import RoomFileSpec
from .place.spec import BoardInFile, CameraPathSpec, CameraSpec, PhotoPosesSpec
from .readers.tracks.spec import TrackSpec

CAPTURE_FILE = "capture.yaml"
MAX_CAPTURE_FILE_BYTES = 1 << 20
USUAL_MESH, FROM_FILM = "object/mesh.obj", "film"
MAX_NAMED = 12
NO_BOX = (0.0, 0.0, 0.0, 0.0)
WHERE_HINT = "docs/your-own-capture.md says how each is had."


class CaptureFile(FrozenModel):
    """``capture.yaml``: what a person writes down beside the recording."""

    name: str = Field(min_length=1)
    object_name: str = Field(min_length=1)
    video: str = "video/recording.db3"
    """A recording (.db3 .bag .mcap .r3d .sens) or a folder (RGB-D, ROS 2 bag), in the capture."""
    depth_unit_m: float | None = Field(default=None, gt=0)
    """Metres a step of a depth image that does not tell itself; TUM's is 0.0002."""
    room: Literal["photos", "film"] | RoomFileSpec = Field(
        default="photos", exclude_if=lambda v: v == "photos"
    )
    """film: there are no photos; the video, hand and object taken out, gives the room. A file: a
    mesh or Gaussians that were reconstructed elsewhere give it."""
    photos: str = "photos"
    """Folder of photos of the room, without robot, hand or object; or a colour film of it, whose
    best frames they are."""
    photo_poses: PhotoPosesSpec | Literal["solve"] | None = None
    """What tells where the photos were taken, if it is known; solve: whatever lies there is not
    looked at."""
    mesh: str | None = None
    """Textured mesh of the object, in metres; ``film``: there is none, and the video gives it. Left
    out, ``object/mesh.obj`` is taken where it is there, the video otherwise."""
    symmetry: ObjectSymmetry | Literal["none"] | None = None
    """How the object can be turned without looking different, in the mesh's frame; left out, the
    mesh tells. none: every turn of it shows."""
    board: BoardInFile | None = None
    """A printed board, or tags at known places, that lie still in photos and video."""
    camera: CameraSpec | None = None
    """The video camera's pose in the robot-base frame, where a calibration gave one."""
    camera_path: CameraPathSpec | None = None
    """Poses of a video camera that moves, where they came with the film; else the room that it
    saw tells them."""
    world: Literal["robot", "table", "file"] = "robot"
    """table: nobody knows where the robot stands; the origin is guessed on the table. file: the
    frame of ``camera_path`` is the robot's."""
    init_frame: int = Field(default=0, ge=0)
    init_box_xyxy: tuple[float, float, float, float] = Field(
        default=NO_BOX, exclude_if=lambda v: v == NO_BOX
    )
    """The object in ``init_frame``, as boxed by a person: left, top, right, bottom in pixels. Left
    out, it is found there: at ``click``, or as what stands still and is moved later."""
    click: tuple[float, float] | None = None
    """A pixel (column, row) on the object in ``init_frame``, in place of a box."""
    track: TrackSpec | None = None
    """The object's poses from another program, for ``pose_track.backend: file``."""

    @property
    def is_boxed(self) -> bool:
        """Whether a person drew the object's box."""
        return "init_box_xyxy" in self.model_fields_set


def read_capture_file(folder: Path, notes: list[str] | None = None) -> CaptureFile:
    """The parsed ``capture.yaml`` of a capture folder.

    Args:
        folder: of the capture.
        notes: receives a sentence when the file's encoding had to be guessed.

    Raises:
        BadInputError: when it is missing, not YAML, or has wrong or missing keys.
    """
    path = folder / CAPTURE_FILE
    if not path.is_file():
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        there = ", ".join(names[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else "")
        raise BadInputError(
            f"{folder} holds no {CAPTURE_FILE} (it holds {there or 'nothing'}). "
            "`xsim capture init FOLDER` writes one from what lies there. "
            f"It needs the keys {_keys()}."
        )
    text = read_text(path, [] if notes is None else notes, max_bytes=MAX_CAPTURE_FILE_BYTES)
    raw = parse_yaml(text, f"{path} is not YAML")
    if not isinstance(raw, dict):
        raise BadInputError(f"{path} must be a mapping with the keys {_keys()}")
    try:
        file = CaptureFile.model_validate(raw)
    except ValidationError as error:
        issues = [f"'{'.'.join(map(str, e['loc']))}': {e['msg']}" for e in error.errors()]
        raise BadInputError(
            f"{path}: {'; '.join(issues)}. Keys of a capture: {_keys()}; "
            f"of its board: {', '.join(BoardSpec.model_fields)}."
        ) from error
    _check_said_once(file, path)
    return file


def _check_said_once(file: CaptureFile, path: Path) -> None:
    """Refuse a file that says nowhere, or in two ways, where the robot stands or what is tracked.

    Raises:
        BadInputError: as above.
    """
    if file.board is None and file.camera is None and file.world == "robot":
        raise BadInputError(
            f"{path}: 'board': Field required, or 'camera' (its pose in the robot's frame), or "
            "'world: table' where the robot's place is not known. " + WHERE_HINT
        )
    if file.world == "file" and file.camera_path is None:
        raise BadInputError(
            f"{path}: 'world: file' takes the frame of 'camera_path' for the robot's, and there is "
            "no camera_path"
        )
    if file.world != "robot" and (file.board is not None or file.camera is not None):
        said = "that the robot's place is not known"
        if file.world == "file":
            said = "that the frame of camera_path is the robot's"
        raise BadInputError(
            f"{path}: 'world: {file.world}' says {said}, and "
            f"'{'board' if file.board else 'camera'}' says where it is: leave one of them out"
        )
    if file.is_boxed and file.click is not None:
        raise BadInputError(
            f"{path}: 'init_box_xyxy' and 'click' both say where the object is: leave one out"
        )
    if file.track is not None and mesh_path(path.parent, file) is None:
        raise BadInputError(
            f"{path}: 'track' has poses of a mesh, and there is none: one that the film gives has "
            "a frame of its own. Name that mesh (`mesh:`), or leave `track` out"
        )


def mesh_path(folder: Path, file: CaptureFile) -> Path | None:
    """The object's mesh as it is named, or as it lies there; None where the film gives it."""
    if file.mesh == FROM_FILM:
        return None
    if file.mesh is not None:
        return folder / file.mesh
    usual = folder / USUAL_MESH
    return usual if usual.is_file() else None


def has_mesh(folder: Path) -> bool:
    """Whether a capture brings its object's mesh, as far as its file can be read."""
    return mesh_path(folder, read_capture_file(folder)) is not None


def write_capture_file(folder: Path, capture: CaptureFile) -> None:
    """Write ``capture.yaml``."""
    import yaml

    content = capture.model_dump(mode="json", exclude_none=True)
    text = yaml.safe_dump(content, sort_keys=False, default_flow_style=None)
    (folder / CAPTURE_FILE).write_text(text)


def truth_folder(folder: Path) -> Path:
    """Where the ground truth of a synthesised capture lies: apart from it."""
    return folder.with_name(f"{folder.name}.truth")


def _keys() -> str:
    return ", ".join(CaptureFile.model_fields)
