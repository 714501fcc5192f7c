"""Whether a room from a file lies where the film's depth has it."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.capture.place.resolve import Place
from xsim_core.errors import BadInputError
from xsim_core.geometry import detect_board, inverse_se3, make_se3

SAID_M, REFUSED_M = 0.01, 0.05
LEAST_SHARE = 0.2
"""Of the film's pixels with depth that must show the room."""
WIDTH = 160
OPAQUE = 0.5
Y_UP = make_se3(np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), np.zeros(3))

Arrays = dict[str, NDArray[np.float32]]
Box = tuple[float, float, float, float]


def check_room(
    room: Arrays, place: Place, video: RGBDVideo, init_frame: int, box_xyxy: Box, notes: list[str]
) -> str:
    """Hold the room's depth against the film's, around the object; answers what came out.

    Args:
        room: flat Gaussians in the world's frame.
        place: where the camera stands.
        video: with its depth in millimetres.
        init_frame: the frame that is compared.
        box_xyxy: of the object, which the room need not hold.
        notes: receives a distance over a centimetre.

    Raises:
        BadInputError: when they are five centimetres apart or more, or the film does not show it.
    """
    T_world_cam = _camera(place, video, init_frame)
    if T_world_cam is None:
        notes.append("room: not compared with the film, as no frame tells where its camera stands")
        return "not compared"
    off_m, share = _off_m(room, T_world_cam, video, init_frame, box_xyxy)
    told = f"room: its surface lies {1000 * off_m:.0f} mm from the film's depth in the median"
    if share < LEAST_SHARE or off_m > REFUSED_M:
        fault = told
        if share < LEAST_SHARE:
            fault = f"room: it covers {share:.0%} of what the film has depth of"
        # Moved by Y_UP in the world, it is the room whose T_world_room had been turned so.
        turned, seen = _off_m(room, inverse_se3(Y_UP) @ T_world_cam, video, init_frame, box_xyxy)
        mend = "Is T_world_room of this room and this robot, and its unit metres?"
        if seen >= LEAST_SHARE and turned <= REFUSED_M:
            mend = (
                f"With its y axis up it is {1000 * turned:.0f} mm: multiply T_world_room from the "
                "left by [[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]."
            )
        raise BadInputError(f"{fault}. {mend}")
    if off_m > SAID_M:
        notes.append(told)
    return f"{1000 * off_m:.0f} mm from the film's depth, over {share:.0%} of it"


def _camera(place: Place, video: RGBDVideo, init_frame: int) -> NDArray[np.float64] | None:
    if place.T_world_cam is not None:
        return place.T_world_cam
    if place.board is None:
        return None
    frames = [init_frame, *range(0, len(video.rgb), max(1, len(video.rgb) // 8))]
    for i in frames:
        seen = detect_board(video.rgb[i], place.board, camera=video.camera)
        if seen is not None and seen.T_cam_board is not None:
            return np.array(place.board.T_world_board) @ inverse_se3(seen.T_cam_board)
    return None


def _off_m(
    room: Arrays, T_world_cam: NDArray[np.float64], video: RGBDVideo, i: int, box: Box
) -> tuple[float, float]:
    """Median distance along the rays, and the share of the depth that the room covers."""
    from xsim_core.rasterize import Gaussians2D, render_numpy

    step = max(1, video.camera.width // WIDTH)
    depth_m = np.asarray(video.depth_mm[i], np.float64)[::step, ::step] / 1000
    h, w = depth_m.shape
    # The pixels that are taken, not the means of blocks.
    K = video.K.copy()
    K[:2] /= step
    out = render_numpy(Gaussians2D.from_colours(room), inverse_se3(T_world_cam), K, w, h)
    left, top, right, bottom = (round(v / step) for v in box)
    measured = depth_m > 0
    measured[max(0, top) : bottom, max(0, left) : right] = False
    both = measured & (out.alpha > OPAQUE) & (out.median_depth_m > 0)
    if not both.any():
        return np.inf, 0.0
    off_m = np.abs(out.median_depth_m[both] - depth_m[both])
    return float(np.median(off_m)), float(both.sum() / max(1, measured.sum()))
