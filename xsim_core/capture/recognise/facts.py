"""What was found in a folder, kind by kind; paths are relative to it."""

from typing import Literal

from pydantic import Field

from xsim_core.config import FrozenModel
from xsim_core.geometry.tag_spec import Matrix4

Box = tuple[float, float, float, float]


class Found(FrozenModel):
    """One thing that a person brought."""

    path: str
    what: str
    """In words, for people."""
    fault: str = ""
    """Why it cannot be used as it is, with the mend; the reader's own sentence."""
    notes: tuple[str, ...] = ()
    """What its reader guessed, dropped or mended."""

    @property
    def is_usable(self) -> bool:
        """Whether it was read."""
        return not self.fault


class Film(Found):
    """An RGB-D video."""

    num_frames: int = 0
    image_wh: tuple[int, int] = (0, 0)
    is_read: bool = True
    """False for one that was not opened, as another came first."""

    @property
    def is_usable(self) -> bool:
        """Whether it was opened and read."""
        return self.is_read and not self.fault


class Photos(Found):
    """A folder of photos, or a film of the room."""

    num_photos: int = 0
    poses: str = ""
    """What below ``path`` tells where they were taken."""


class Mesh(Found):
    """A mesh that may be the object's."""

    diameter_m: float = 0.0
    is_coloured: bool = False


class CameraPose(Found):
    """A matrix that its name calls the camera's pose in the robot's frame."""

    key: str | None = None
    maps: Literal["camera_to_base", "base_to_camera"] = "camera_to_base"
    is_checked: bool = False
    """Whether the table in the film agreed."""


class CameraPath(Found):
    """Poses of the video's camera in the frames of the film."""

    num_poses: int = 0
    moves_m: float = 0.0
    """How far from its first pose, in the file's own lengths."""


class ObjectPoses(Found):
    """Poses of the object in the camera's frame, from somebody's tracker or annotation."""

    num_poses: int = 1
    track: str = ""
    """The file or folder that ``track`` in ``capture.yaml`` can name."""
    first: Matrix4
    """``T_cam_object`` (4, 4) of the first frame."""


class TagLayout(Found):
    """A file that says where tags lie on their sheet."""

    num_tags: int
    size_m: float


class SeenMarkers(FrozenModel):
    """Markers that the pictures show."""

    dictionary: str
    ids: tuple[int, ...]
    where: str
    """In how many of which pictures."""
    squares_xy: tuple[int, int] | None = None
    """Of the ChArUco board that they make, if they make one."""
    square_m: float | None = None
    """As the film's depth measures its squares."""
    marker_share: float = 0.75
    """Of a square's edge."""


class FirstBox(FrozenModel):
    """A box around the object in one frame, and what gave it."""

    frame: int
    box_xyxy: Box
    source: str
    """In words: a mask, poses, or what stands on the table."""
    is_guess: bool = False
    """Whether a person has to look at it before it is believed."""
    is_found: bool = False
    """Whether ingest finds it itself, by what moves, so that it need not be written down."""


class Facts(FrozenModel):
    """All that lies in a folder."""

    name: str
    films: tuple[Film, ...] = ()
    photos: tuple[Photos, ...] = ()
    meshes: tuple[Mesh, ...] = ()
    rooms: tuple[Found, ...] = ()
    """Rooms that were reconstructed elsewhere."""
    camera_poses: tuple[CameraPose, ...] = ()
    camera_paths: tuple[CameraPath, ...] = ()
    object_poses: tuple[ObjectPoses, ...] = ()
    tag_layouts: tuple[TagLayout, ...] = ()
    hand_eye: tuple[Found, ...] = ()
    """Pictures with the robot's pose at each."""
    intrinsics: tuple[Found, ...] = ()
    masks: tuple[Found, ...] = ()
    others: tuple[Found, ...] = ()
    """Recognised, but nothing of a capture."""
    markers: SeenMarkers | None = None
    box: FirstBox | None = None
    no_box: str = ""
    """Why the film does not tell it, where nothing else does either."""
    notes: tuple[str, ...] = Field(default=())

    def listed(self) -> list[tuple[str, Found]]:
        """Everything with the word for its kind."""
        kinds = {
            "video": self.films, "photos": self.photos, "mesh": self.meshes,
            "room": self.rooms,
            "camera's pose": self.camera_poses, "camera's path": self.camera_paths,
            "object's poses": self.object_poses,
            "tags' places": self.tag_layouts, "hand-eye recording": self.hand_eye,
            "intrinsics": self.intrinsics, "mask": self.masks, "other": self.others,
        }  # fmt: skip
        return [(kind, found) for kind, all_found in kinds.items() for found in all_found]
