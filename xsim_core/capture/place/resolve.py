"""What a capture says of the robot's place, checked with its film: what stages see of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from xsim_core.capture.formats import RGBDVideo
from xsim_core.config import refusal
from xsim_core.errors import BadInputError
from xsim_core.geometry import Board, Matrix4, TagBoard, board_fault

from .camera_pose import camera_in_world
from .moving.camera_motion import CameraMotion, PathOfFile, camera_motion
from .moving.file_world import file_world
from .moving.given_path import GivenPath, is_still
from .moving.path_in_file import unchecked_poses
from .other_sources import compare_with_board
from .spec import BoardInFile, CameraPathSpec, CameraSpec, TagsSpec
from .support_plane import Plane, support_plane
from .table_world import table_world
from .tag_layout import tag_board, turn_as_seen

Floats = NDArray[np.float64]
World = Literal["robot", "table"]
SaidWorld = World | Literal["file"]


class Stated(Protocol):
    """What ``capture.yaml`` says of the robot's place, and of the object's."""

    @property
    def board(self) -> BoardInFile | None: ...  # noqa: D102 as the file's
    @property
    def camera(self) -> CameraSpec | None: ...  # noqa: D102
    @property
    def camera_path(self) -> CameraPathSpec | None: ...  # noqa: D102
    @property
    def world(self) -> SaidWorld: ...  # noqa: D102
    @property
    def init_box_xyxy(self) -> tuple[float, float, float, float]: ...  # noqa: D102


@dataclass(frozen=True)
class Place:
    """Where the robot stands."""

    board: Board | None
    """What is printed and lies at a known place."""
    T_world_cam: Floats | None
    """(4, 4) of the video camera, where it was stated or guessed."""
    world: World
    """What the world's frame is: the robot's base, or a guess on the table."""
    motion: CameraMotion | None = None
    """Where a camera that moves is in each frame; ``T_world_cam`` is then that of the box's."""

    @property
    def rows(self) -> Matrix4 | None:
        """``T_world_cam`` as plain numbers."""
        T = self.T_world_cam
        return None if T is None else tuple(tuple(row) for row in T.round(9).tolist())


def place_files(file: Stated, folder: Path) -> list[Path]:
    """The files beside ``capture.yaml`` that say where the robot stands."""
    named = [
        file.camera.matrix if file.camera is not None else None,
        file.board.layout if isinstance(file.board, TagsSpec) else None,
        file.camera_path.file if file.camera_path is not None else None,
    ]
    return [folder / name for name in named if isinstance(name, str)]


def stated_board(file: Stated, folder: Path, notes: list[str]) -> Board | None:
    """The board or the tags, which can be such; before any film is read.

    Raises:
        BadInputError: when they cannot.
    """
    return None if file.board is None else _sound(file.board, folder, "capture.yaml", notes)


def board_in(raw: object, folder: Path, source: str) -> Board:
    """The board or tags that a file of their own describes.

    Raises:
        BadInputError: when it describes none, or none that can be.
    """
    try:
        given = TypeAdapter(BoardInFile).validate_python(raw)
    except ValidationError as error:
        raise BadInputError(refusal(error, source)) from error
    return _sound(given, folder, source, [])


def _sound(given: BoardInFile, folder: Path, source: str, notes: list[str]) -> Board:
    board = tag_board(given, folder, notes) if isinstance(given, TagsSpec) else given
    if fault := board_fault(board):
        raise BadInputError(f"{source}: board: {fault}")
    return board


def as_seen(board: Board | None, video: RGBDVideo, notes: list[str]) -> Board | None:
    """The board; of tags those whose corners begin where the film shows that they do.

    Raises:
        BadInputError: when tags do not lie as the capture says.
    """
    if not isinstance(board, TagBoard):
        return board
    return turn_as_seen(board, video.rgb, video.camera, notes)


def resolve_place(
    file: Stated,
    folder: Path,
    board: Board | None,
    video: RGBDVideo,
    init_frame: int,
    notes: list[str],
    *,
    is_moving: bool = False,
    given: GivenPath | None = None,
) -> Place:
    """All that the capture says, checked with the film.

    Args:
        file: of the capture.
        folder: of the capture.
        board: as ``as_seen`` answered it.
        video: with depth.
        init_frame: the frame with the object's box.
        notes: receives what was guessed, mended, or does not agree well.
        is_moving: the camera moves through the film; what is stated is of ``init_frame``.
        given: the camera's path that came with the film, where one did.

    Raises:
        BadInputError: when the sources contradict the film or each other.
    """
    place = _at_init_frame(file, folder, board, video, init_frame, notes, is_moving=is_moving)
    of_file = None
    if given is not None and file.camera_path is not None:
        plane = _plane(file, video, init_frame) if file.world == "file" else None
        of_file = PathOfFile(given, file.camera_path, file.world == "file", plane)
    if not is_moving:
        return place if of_file is None else _still(place, of_file, init_frame, notes)
    motion = camera_motion(board, place.T_world_cam, video, init_frame, notes, of_file)
    return replace(place, T_world_cam=motion.T_world_cam[init_frame], motion=motion)


def _at_init_frame(
    file: Stated,
    folder: Path,
    board: Board | None,
    video: RGBDVideo,
    init_frame: int,
    notes: list[str],
    *,
    is_moving: bool,
) -> Place:
    if file.camera is None and file.world != "table":
        return Place(board, None, "robot")
    depth_m = np.asarray(video.depth_mm[init_frame], np.float64) / 1000
    plane = _plane(file, video, init_frame)
    object_cam = _object_middle(depth_m, video, file.init_box_xyxy, plane)
    if file.camera is None:
        return Place(board, table_world(plane, object_cam, notes), "table")
    T_world_cam = camera_in_world(file.camera, folder, plane, object_cam, notes)
    if board is not None and not is_moving:
        compare_with_board(T_world_cam, board, video, notes)
    return Place(board, T_world_cam, "robot")


def _still(place: Place, of_file: PathOfFile, init_frame: int, notes: list[str]) -> Place:
    """With a path that came with a film in which the camera stands still."""
    name = f"camera_path: {of_file.given.about.name}"
    if not of_file.given.has_pose[init_frame]:
        raise BadInputError(f"{name} has no pose of frame {init_frame}, which init_frame names")
    T = unchecked_poses(of_file.given, of_file.spec, name)
    if not is_still(T[of_file.given.has_pose]):
        raise BadInputError(
            f"{name} has the camera move, and the film shows that it stands still: is it this "
            "film's? Leave camera_path out of capture.yaml, or bring the film's own."
        )
    if not of_file.is_world:
        notes.append(f"{name} is not needed: the camera stands still")
        return place
    notes.append(f"{name}: unchecked, as the camera stands still")
    T_world_file = file_world(T[init_frame], of_file.plane, notes)
    return replace(place, T_world_cam=T_world_file @ T[init_frame])


def _plane(file: Stated, video: RGBDVideo, init_frame: int) -> Plane | None:
    depth_m = np.asarray(video.depth_mm[init_frame], np.float64) / 1000
    return support_plane(depth_m, video.camera, file.init_box_xyxy)


def _object_middle(
    depth_m: Floats,
    video: RGBDVideo,
    box_xyxy: tuple[float, float, float, float],
    plane: Plane | None,
    least_m: float = 0.006,
) -> Floats | None:
    """The median (3,) of the points in the box that stand out of the plane, camera's frame."""
    x0, y0, x1, y1 = (round(v) for v in box_xyxy)
    points = video.camera.unproject(depth_m)[y0:y1, x0:x1].reshape(-1, 3)
    points = points[points[:, 2] > 0]
    if plane is not None:
        above = points[plane.height_m(points) > least_m]
        points = above if len(above) >= 20 else points
    return np.median(points, axis=0) if len(points) else None
