"""What the parts of a capture say of each other, before anything of it is stored.

All that can be known in seconds is refused here; the stages behind look at the same things again
where they know more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.readers.apart import Brought
from xsim_core.capture.readers.depth_unit import DepthUnit, board_ratio, check_with_board
from xsim_core.checks.board_seen import (
    Sightings,
    check_board_is_seen,
    check_corners,
    look_for_board,
)
from xsim_core.checks.camera_still import camera_stillness, frames_with_board_elsewhere
from xsim_core.checks.lag import Lag, depth_lag
from xsim_core.checks.object_box import check_object_in_box
from xsim_core.checks.stillness import Stretch
from xsim_core.errors import BadInputError
from xsim_core.geometry import Board, BoardDetection, BoardSpec, TexturedMesh

from .gate import Gates

NUM_FRAMES = 24
"""Frames of the film in which the board is looked for at most."""
LAG_MENDED = 0.75
"""Frames. A lag is measured to 0.05 on the demo's film, to 0.3 where things move fast."""
SCAN_NEEDS = 3
"""Photos with the board that scan asks for (``ScanConfig.min_board_images``)."""


@dataclass(frozen=True)
class Views:
    """What was filmed and photographed."""

    video: RGBDVideo
    unit: DepthUnit
    photos: NDArray[np.uint8]
    """(n, h, w, 3)."""


@dataclass(frozen=True)
class Agreed:
    """What the parts agree on."""

    video: RGBDVideo
    """Its depth in millimetres by the board's word, beside the colour of its own moment."""
    stretches: tuple[Stretch, ...]
    """In which the camera stood in one place each; none where it moves all through the film, as
    one held in the hand."""

    @property
    def is_camera_moving(self) -> bool:
        """All through the film."""
        return not self.stretches


def agreed_parts(
    brought: Brought | Views,
    board: Board | None,
    notes: list[str],
    *,
    is_camera_stated: bool = False,
    are_photos_placed: bool = False,
    is_path_given: bool = False,
    gates: Gates | None = None,
) -> Agreed:
    """Hold video, photos and board against each other.

    Args:
        brought: what the readers read.
        board: as ``capture.yaml`` describes it; None where it names none.
        notes: receives what was mended or is suspect.
        is_camera_stated: then the video need not show the board.
        are_photos_placed: then the photos need not, as where they were taken is stated.
        is_path_given: then a camera that was moved is where its path has it.
        gates: keep what each step found.

    Raises:
        BadInputError: when photos or video do not show the board, it was printed with other
            squares, its size contradicts the depth, or it moves.
    """
    gates = gates or Gates()
    video, found, ratio = brought.video, dict[int, BoardDetection](), None
    if board is not None:
        needs_board = not are_photos_placed
        in_photos = _board_in_photos(brought.photos, board, notes, gates, needs_board=needs_board)
        with gates.gate("board in the video", notes) as gate:
            in_video = look_for_board(video.rgb, board, camera=video.camera, at_most=NUM_FRAMES)
            if not is_camera_stated:
                check_board_is_seen(video.rgb, board, in_video, what="video frames")
            if isinstance(board, BoardSpec):
                check_corners(board, [in_photos, in_video])
            gate.found = f"seen in {len(in_video.found)} of {in_video.num_looked} frames looked at"
        found = in_video.found
        ratio = board_ratio(video.depth_mm, video.camera, board, found)
    square_m = board.square_m if isinstance(board, BoardSpec) else None
    with gates.gate("depth's scale", notes) as gate:
        depth_mm = check_with_board(video.depth_mm, brought.unit, ratio, notes, square_m=square_m)
        gate.found = f"{brought.unit.metres:g} m a step ({brought.unit.how})" + (
            "" if ratio is None else f"; {ratio:.3f} of what the board's size says"
        )
    with gates.gate("camera and board stand still", notes) as gate:
        stretches = _check_camera(video, board, found, notes, is_path_given=is_path_given)
        gate.found = _places_words(len(stretches))
    with gates.gate("depth in time with colour", notes) as gate:
        in_time, lag = _without_lag(replace(video, depth_mm=depth_mm), notes)
        gate.found = "too little moves to tell" if lag is None else f"{lag.frames:+.2f} frames"
    return Agreed(in_time, stretches)


def _places_words(num_places: int) -> str:
    match num_places:
        case 0:
            return "the camera moves through the film: it is followed"
        case 1:
            return "yes"
        case _:
            return f"{num_places} places, one after another"


def _board_in_photos(
    photos: NDArray[np.uint8], board: Board, notes: list[str], gates: Gates, *, needs_board: bool
) -> Sightings:
    with gates.gate("board in photos", notes) as gate:
        seen = look_for_board(photos, board)
        if needs_board:
            check_board_is_seen(photos, board, seen, what="photos")
        if 0 < len(seen.found) < SCAN_NEEDS <= seen.num_looked:
            notes.append(
                f"only {len(seen.found)} of {seen.num_looked} photos show the board; scan "
                f"needs {SCAN_NEEDS} of those that it registers"
            )
        gate.found = f"seen in {len(seen.found)} of {seen.num_looked} looked at"
    return seen


def _check_camera(
    video: RGBDVideo,
    board: Board | None,
    found: Mapping[int, BoardDetection],
    notes: list[str],
    *,
    is_path_given: bool,
) -> tuple[Stretch, ...]:
    """Where the camera stood still, nowhere for one that moves on; says when it was knocked.

    Raises:
        BadInputError: for a camera that was moved in a film without a board, or a board that moves.
    """
    stillness = camera_stillness(video.rgb, board)  # type: ignore[arg-type]
    if stillness.goes_on or (is_path_given and not stillness.is_still):
        return ()
    seconds = video.timestamps_s - video.timestamps_s[0]
    if not stillness.is_still:
        if not found:
            raise BadInputError(
                f"video: the camera was moved at {seconds[stillness.stretches[0].last]:.2f} s, and "
                "no board in the video tells where to; where it stands is stated once. Cut the "
                "film there, or film again."
            )
        when = ", ".join(f"{seconds[stretch.first]:.2f} s" for stretch in stillness.stretches[1:])
        notes.append(
            f"video: the camera was moved at {when}; pose_track takes what follows from its new "
            "place, where the board is seen from there"
        )
    for stretch in stillness.stretches:
        within = {i: d for i, d in found.items() if stretch.first <= i <= stretch.last}
        if elsewhere := frames_with_board_elsewhere(within, video.camera.width):
            raise BadInputError(
                f"video: the board lies elsewhere from {seconds[elsewhere[0]]:.2f} s on while the "
                "camera stands still. T_world_board is one place: leave the board where it was "
                "measured, or cut the film there."
            )
    return stillness.stretches


def _without_lag(video: RGBDVideo, notes: list[str]) -> tuple[RGBDVideo, Lag | None]:
    """The video with each colour image beside the depth of its own moment; the lag it had."""
    lag = depth_lag(video.rgb, video.depth_mm)
    if lag is None or abs(lag.frames) < LAG_MENDED:
        return video, lag
    n, shift = len(video.rgb), round(lag.frames)
    later = f"depth comes {abs(lag.frames):.1f} frames {'later' if lag.frames > 0 else 'earlier'}"
    colour = slice(max(0, -shift), n - max(0, shift))
    depth = slice(max(0, shift), n - max(0, -shift))
    numbers = np.arange(n) if video.source_frames is None else video.source_frames
    notes.append(
        f"video: {later} than colour, by what moves: paired anew, {abs(shift)} frames dropped at "
        "the ends"
    )
    in_time = RGBDVideo(
        rgb=video.rgb[colour],
        depth_mm=video.depth_mm[depth],
        timestamps_s=video.timestamps_s[colour],
        K=video.K,
        source_frames=numbers[colour],
        names=None if video.names is None else video.names[colour],
    )
    return in_time, lag


def check_object(
    mesh: TexturedMesh,
    video: RGBDVideo,
    init_frame: int,
    box_xyxy: tuple[float, float, float, float],
    name: str,
) -> None:
    """Refuse a mesh that cannot be what lies in the box.

    Args:
        mesh: of the object.
        video: with its depth in millimetres.
        init_frame: in which the box was drawn.
        box_xyxy: left, top, right, bottom in pixels.
        name: of the object.

    Raises:
        BadInputError: as ``check_object_in_box``.
    """
    check_object_in_box(video.depth_mm[init_frame], video.K, box_xyxy, mesh.diameter_m, what=name)
