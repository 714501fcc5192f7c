"""All that is asked of a capture before anything of it is stored, gate by gate.

``ingest`` runs it and stores what came through; ``xsim capture check`` runs the same and tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np

from xsim_core.capture.find_object.found import BoxFrom
from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.identity import VideoChoice, video_path
from xsim_core.capture.layout import CAPTURE_FILE, CaptureFile, mesh_path, read_capture_file
from xsim_core.capture.place.moving.given_path import GivenPath
from xsim_core.capture.place.resolve import Place, as_seen, resolve_place, stated_board
from xsim_core.capture.readers.apart import Brought, Parts, read_parts
from xsim_core.capture.readers.meshes.linked_files import mesh_root
from xsim_core.capture.readers.tracks.of_film import GivenTrack
from xsim_core.checks.stillness import Stretch
from xsim_core.files.windows import arrays_below
from xsim_core.geometry import Board, TexturedMesh
from xsim_core.geometry.symmetry_spec import ObjectSymmetry

from .agreement import Agreed, Views, agreed_parts, check_object
from .film_object import FromFilm, object_from_film
from .first_frame import check_depth, find_init_frame
from .gate import Gates
from .object_box import with_box
from .object_symmetry import object_symmetry
from .parts import tell_parts
from .room_file import check_room
from .stated import NO_METRES, poses_file, room_file, stated_poses, tells_metres
from .words import (
    board_words,
    box_words,
    place_words,
)

OfFilm = TypeVar("OfFilm", GivenTrack, GivenPath)


@dataclass(frozen=True)
class Examined:
    """A capture that came through every gate."""

    file: CaptureFile
    brought: Brought
    video: RGBDVideo
    """Its depth in millimetres, beside the colour of its own moment."""
    init_frame: int
    """Which of the video's frames the box is in."""
    box_from: BoxFrom
    """Who says where the object is; ``file`` has its box, whoever that is."""
    place: Place
    mesh: TexturedMesh
    """As it was brought, or as the film gave it."""
    from_film: FromFilm | None
    """What else is known of a mesh that the film gave."""
    symmetry: ObjectSymmetry | None
    track: GivenTrack | None
    """The track that was brought, of the video's frames."""
    notes: tuple[str, ...]


def check_capture(folder: Path, *, prefer: VideoChoice = "declared") -> Gates:
    """Every gate of ingest without a store; all that can be tried after a refusal is tried."""
    gates = Gates(goes_on=True)
    with TemporaryDirectory() as place, arrays_below(Path(place)):
        examine(folder, Path(place), gates, prefer=prefer)
    return gates


def examine(
    folder: Path,
    place: Path,
    gates: Gates,
    *,
    prefer: VideoChoice = "declared",
    progress: Callable[[float, dict[str, float]], None] = lambda fraction, figures: None,
) -> Examined | None:
    """Take a capture through its gates.

    Args:
        folder: of the capture.
        place: an empty folder, for the arrays of what is answered.
        gates: keep what was found.
        prefer: which of two videos is meant.
        progress: is told when the files are read and hold together.

    Returns:
        None where something was refused and ``gates`` goes on.

    Raises:
        BadInputError: for everything that a person could have got wrong, with the mend; unless
            ``gates`` goes on.
    """
    notes: list[str] = []
    with gates.part():
        with gates.gate(CAPTURE_FILE, notes) as gate:
            file = read_capture_file(folder, notes)
            gate.found = f"{file.name}, of {file.object_name}"
        board: Board | None = None
        with gates.part(), gates.gate("board as stated", notes) as gate:
            board = stated_board(file, folder, notes)
            gate.found = board_words(file, board)
        poses: str | None = None
        with gates.part(), gates.gate("photos' poses", notes) as gate:
            poses = poses_file(file, folder)
            if not tells_metres(file):
                notes.append(NO_METRES)
            gate.found = "not known" if poses is None else f"from {poses}"
        with gates.gate("files can be parsed", notes) as gate:
            mesh = mesh_path(folder, file)
            parts = read_parts(
                place,
                mesh=mesh,
                mesh_root=folder if mesh is None else mesh_root(mesh, folder),
                photos=folder / file.photos if file.room == "photos" else None,
                poses=poses,
                video=video_path(folder, file, prefer),
                depth_unit_m=file.depth_unit_m,
                room=room_file(file, folder),
                track=(folder / file.track.file, file.track) if file.track else None,
                camera_path=folder / file.camera_path.file if file.camera_path else None,
                goes_on=gates.goes_on,
            )
            gate.found = "in a process with limits"
        with arrays_below(place):
            return _hold_together(file, folder, board, parts, gates, notes, progress)
    return None


def _hold_together(
    file: CaptureFile,
    folder: Path,
    board: Board | None,
    parts: Parts,
    gates: Gates,
    notes: list[str],
    progress: Callable[[float, dict[str, float]], None],
) -> Examined | None:
    """What the parts say of each other, as far as they could be read."""
    tell_parts(parts, gates, notes)
    if parts.video is None or parts.unit is None:
        gates.not_reached("all that is held against the video", "needs the video")
        return None
    if parts.photos is None and gates.goes_on:
        gates.not_reached("board in photos", "needs the photos")
    photos = np.zeros((0, *parts.video.rgb.shape[1:]), np.uint8)
    views = Views(parts.video, parts.unit, photos if parts.photos is None else parts.photos)
    agreed = Agreed(parts.video, (Stretch(0, len(parts.video.rgb) - 1),))
    with gates.part():
        with gates.gate("tags in the video", notes) as gate:
            board = as_seen(board, views.video, notes)
            gate.found = "none stated" if file.board is None else "they lie as stated"
        agreed = agreed_parts(
            views,
            board,
            notes,
            is_camera_stated=file.camera is not None,
            are_photos_placed=stated_poses(file).T_world_poses is not None,
            is_path_given=file.camera_path is not None,
            gates=gates,
        )
    progress(0.7, {"photos": len(views.photos), "frames": len(agreed.video.rgb)})
    with gates.part(), gates.gate("depth's range", notes) as gate:
        gate.found = check_depth(agreed.video, folder)
    return _place_and_object(file, folder, board, parts, agreed, gates, notes, progress)


def _place_and_object(
    file: CaptureFile,
    folder: Path,
    board: Board | None,
    parts: Parts,
    agreed: Agreed,
    gates: Gates,
    notes: list[str],
    progress: Callable[[float, dict[str, float]], None],
) -> Examined | None:
    """What the film says of the robot's place, the room and the object."""
    video, is_moving = agreed.video, agreed.is_camera_moving
    with gates.part():
        with gates.gate("init_box_xyxy", notes) as gate:
            init_frame = find_init_frame(file, video)
            file, box_from = with_box(file, agreed, init_frame, parts.mesh, notes)
            gate.found = box_words(file, box_from)
        with gates.part(), gates.gate("mesh in its box", notes) as gate:
            gate.found = _check_mesh(parts.mesh, video, init_frame, file)
        with gates.gate("where the robot stands", notes) as gate:
            given = _of_film(parts.camera_path, parts, video)
            place = resolve_place(
                file, folder, board, video, init_frame, notes, is_moving=is_moving, given=given
            )
            gate.found = place_words(place)
        if parts.room:
            with gates.gate("room against the film", notes) as gate:
                gate.found = check_room(
                    parts.room, place, video, init_frame, file.init_box_xyxy, notes
                )
        mesh, from_film = parts.mesh, None
        if mesh_path(folder, file) is None:
            with gates.gate("object from the film", notes) as gate:
                from_film = object_from_film(video, init_frame, file, place, notes, progress)
                mesh, gate.found = from_film.mesh, from_film.words
        symmetry: ObjectSymmetry | None = None
        with gates.part(), gates.gate("symmetry", notes) as gate:
            if mesh is not None:
                symmetry = object_symmetry(file, mesh, notes)
            gate.found = "none" if symmetry is None else f"{symmetry.source}: {symmetry.words}"
        if not gates.refused and mesh is not None:
            brought, told = parts.whole(), tuple(notes)
            track = _of_film(parts.track, parts, video)
            return Examined(
                file,
                brought,
                video,
                init_frame,
                box_from,
                place,
                mesh,
                from_film,
                symmetry,
                track,
                told,
            )
    return None


def _check_mesh(
    mesh: TexturedMesh | None, video: RGBDVideo, init_frame: int, file: CaptureFile
) -> str:
    if mesh is None:
        return "not tried: needs a mesh that was brought"
    check_object(mesh, video, init_frame, file.init_box_xyxy, file.object_name)
    return f"{1000 * mesh.diameter_m:.0f} mm across can be what the box shows"


def _of_film(brought: OfFilm | None, parts: Parts, video: RGBDVideo) -> OfFilm | None:
    """What was brought for each frame, of the frames that are left of its film."""
    film = parts.video
    if brought is None or film is None or len(film.rgb) == len(video.rgb):
        return brought
    there = film.source_frames
    numbers = np.arange(len(film.rgb)) if there is None else there
    left = np.arange(len(video.rgb)) if video.source_frames is None else video.source_frames
    return brought.of_frames(np.isin(numbers, left))
