"""What ``capture.yaml`` takes for the robot's place: values, of which only the form is checked."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag as Named, model_validator

from xsim_core.config import FrozenModel
from xsim_core.geometry.board_spec import BoardSpec, kind_of_board
from xsim_core.geometry.tag_spec import IDENTITY, MAX_TAGS, Matrix4

Numbers = Annotated[tuple[float, ...], Field(max_length=16)]
Matrix = Annotated[tuple[Numbers, ...], Field(max_length=4)] | Numbers

Maps = Literal["camera_to_base", "base_to_camera"]
Axes = Literal["opencv", "opengl", "ros_link"]
LengthUnit = Literal["m", "mm", "cm"]
PathMaps = Literal["camera_to_world", "world_to_camera"]
PathAxes = Axes | Literal["opengl_clockwise", "opengl_counterclockwise"]


class CameraSpec(FrozenModel):
    """The video camera's pose in the robot-base frame, as a calibration gave it."""

    matrix: str | Matrix
    """A file (.npy .txt .csv .json .yaml), relative to the capture, or the rows themselves."""
    key: str | None = None
    """Which value of a JSON or YAML file, where it holds several matrices."""
    maps: Maps = "camera_to_base"
    """camera_to_base: points seen by the camera to the base's frame (the camera's pose)."""
    axes: Axes = "opencv"
    """opencv: x right, y down, z forward (ROS: the optical frame); opengl: x right, y up, z back;
    ros_link: x forward, y left, z up (camera_link)."""
    unit: LengthUnit | None = None
    """Of the translation; None: metres, and millimetres where they can be nothing else."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_matrix_alone(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"matrix": data}


class CameraPathSpec(FrozenModel):
    """Poses of a video camera that moves, from the film's recorder, a tracker or a SLAM."""

    file: str = Field(min_length=1)
    """A file or a folder of matrices, relative to the capture; of Record3D the recording itself."""
    maps: PathMaps | None = None
    """camera_to_world: points seen by the camera to the world (poses); None: as the format says,
    and the other way round where only that is how the film has it."""
    axes: PathAxes | None = None
    """As a camera's, and OpenGL's for a picture that was turned by a quarter, as phones do."""
    metres_per_unit: float | None = Field(default=None, gt=0)
    """None: as the format says, or as the film has it."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_file_alone(cls, data: Any) -> Any:
        return {"file": data} if isinstance(data, str) else data


class PhotoPosesSpec(FrozenModel):
    """Poses of the photos that somebody has solved already, and what their frame is."""

    file: str | None = None
    """transforms.json or the folder of a COLMAP model, relative to the photos; found by itself."""
    metres_per_unit: float | None = Field(default=None, gt=0)
    """Metres that one of its units is, where that is known; a board or tags tell it too."""
    T_world_poses: Matrix4 | None = None
    """Pose (4, 4) of its frame in the robot's, in metres, where no board or tags tell it."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_file_alone(cls, data: Any) -> Any:
        return {"file": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _both_or_none(self) -> "PhotoPosesSpec":
        if self.T_world_poses is not None and self.metres_per_unit is None:
            raise ValueError("T_world_poses needs metres_per_unit beside it")
        return self


class TagPlace(FrozenModel):
    """Where one tag is: its pose, or its four corners."""

    id: int = Field(ge=0)
    T_board_tag: Matrix4 | None = None
    """(4, 4): origin at the tag's middle, x right, y up, z out of the paper."""
    corners_board: tuple[tuple[float, float, float], ...] | None = Field(default=None, max_length=4)
    """Four corners in metres, clockwise from the top left."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "TagPlace":
        if (self.T_board_tag is None) == (self.corners_board is None):
            raise ValueError(f"tag {self.id} needs either T_board_tag or corners_board")
        if self.corners_board is not None and len(self.corners_board) != 4:
            raise ValueError(f"tag {self.id} has {len(self.corners_board)} corners; it needs 4")
        return self


class TagGrid(FrozenModel):
    """Tags in rows and columns on one sheet, as Kalibr's April grids and AprilTag bundles."""

    columns: int = Field(ge=1, le=64)
    rows: int = Field(ge=1, le=64)
    gap_m: float = Field(ge=0)
    """White between two tags' black squares."""
    first_id: int = Field(default=0, ge=0)
    first: Literal["lower_left", "upper_left"] = "lower_left"
    """Where the first tag is; the others follow to the right, then row by row."""


class TagsSpec(FrozenModel):
    """AprilTags or ArUco markers at known places: one by one, as a grid, or from a file.

    The grid's frame begins at the lower-left corner of the sheet's lower-left tag: x right, y up,
    z out of the paper.
    """

    kind: Literal["tags"] = "tags"
    dictionary: str = "DICT_APRILTAG_36h11"
    size_m: float = Field(gt=0)
    """Edge of the black square, measured on the print."""
    tags: tuple[TagPlace, ...] = Field(default=(), max_length=MAX_TAGS)
    grid: TagGrid | None = None
    layout: str | None = None
    """A JSON or YAML file: id → four corners, in metres or millimetres."""
    T_world_board: Matrix4 = IDENTITY
    """Pose of the frame in which the places are given; left out, that is the robot's base."""

    @model_validator(mode="after")
    def _one_way(self) -> "TagsSpec":
        given = [bool(self.tags), self.grid is not None, self.layout is not None]
        if sum(given) != 1:
            raise ValueError("tags are placed by one of 'tags', 'grid' and 'layout'")
        return self


BoardInFile = Annotated[
    Annotated[BoardSpec, Named("charuco")] | Annotated[TagsSpec, Named("tags")],
    Discriminator(kind_of_board),
]
