"""What the parts of a capture say of each other, before anything of it is stored.

All that can be known in seconds is refused here; the stages behind look at the same things again
where they know more.
"""

from dataclasses import replace

from xsim_core.checks.board_seen import (
    check_board_is_seen,
    check_corners,
    look_for_board,
)
from xsim_core.checks.object_box import check_object_in_box
from xsim_core.geometry import Board, BoardSpec

from .formats import RGBDVideo
from .readers.apart import Brought
from .readers.depth_unit import board_ratio, check_with_board

NUM_FRAMES = 24
"""Frames of the film in which the board is looked for at most."""
SCAN_NEEDS = 3
"""Photos with the board that scan asks for (``ScanConfig.min_board_images``)."""


def agreed_video(
    brought: Brought, board: Board | None, notes: list[str], *, is_camera_stated: bool = False
) -> RGBDVideo:
    """The video, its depth in millimetres by the board's word.

    Args:
        brought: what the readers read.
        board: as ``capture.yaml`` describes it; None where it names none.
        notes: receives what was mended or is suspect.
        is_camera_stated: then the video need not show the board.

    Raises:
        BadInputError: when photos or video do not show the board, it was printed with other
            squares, or its size contradicts the depth.
    """
    video = brought.video
    if board is None:
        depth_mm = check_with_board(video.depth_mm, brought.unit, None, notes)
        return replace(video, depth_mm=depth_mm)
    in_photos = look_for_board(brought.photos, board)
    check_board_is_seen(brought.photos, board, in_photos, what="photos")
    in_video = look_for_board(video.rgb, board, camera=video.camera, at_most=NUM_FRAMES)
    if not is_camera_stated:
        check_board_is_seen(video.rgb, board, in_video, what="video frames")
    square_m = board.square_m if isinstance(board, BoardSpec) else None
    if isinstance(board, BoardSpec):
        check_corners(board, [in_photos, in_video])
    if 0 < len(in_photos.found) < SCAN_NEEDS <= in_photos.num_looked:
        notes.append(
            f"only {len(in_photos.found)} of {in_photos.num_looked} photos show the board; scan "
            f"needs {SCAN_NEEDS} of those that it registers"
        )
    ratio = board_ratio(video.depth_mm, video.camera, board, in_video.found)
    depth_mm = check_with_board(video.depth_mm, brought.unit, ratio, notes, square_m=square_m)
    return replace(video, depth_mm=depth_mm)


def check_object(
    brought: Brought,
    video: RGBDVideo,
    init_frame: int,
    box_xyxy: tuple[float, float, float, float],
    name: str,
) -> None:
    """Refuse a mesh that cannot be what lies in the box.

    Args:
        brought: holds the mesh.
        video: with its depth in millimetres.
        init_frame: in which the box was drawn.
        box_xyxy: left, top, right, bottom in pixels.
        name: of the object.

    Raises:
        BadInputError: as ``check_object_in_box``.
    """
    check_object_in_box(
        video.depth_mm[init_frame], video.K, box_xyxy, brought.mesh.diameter_m, what=name
    )
