"""Two sources of the robot's place in one capture: they check each other."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.formats import RGBDVideo
from xsim_core.errors import BadInputError
from xsim_core.geometry import Board, detect_board, inverse_se3, rotation_angle, transform_points

Floats = NDArray[np.float64]

NUM_FRAMES = 6
SAID_M, REFUSED_M = 0.01, 0.05
"""How far the board may lie from where a stated camera sees it. Hand-eye calibrations are good to
some millimetres; five centimetres make a gripper miss."""


def compare_with_board(
    T_world_cam: Floats, board: Board, video: RGBDVideo, notes: list[str]
) -> None:
    """Compare a stated camera with the board in the film; one that shows none compares nothing.

    Raises:
        BadInputError: when they contradict each other.
    """
    picked = np.unique(np.linspace(0, len(video.rgb) - 1, NUM_FRAMES).round().astype(int))
    found = [detect_board(video.rgb[i], board, camera=video.camera) for i in picked]
    seen = [d.T_cam_board for d in found if d is not None and d.T_cam_board is not None]
    if not seen:
        notes.append("camera: the film does not show the board; the stated matrix is taken")
        return
    T_world_board, centre = np.array(board.T_world_board), board.centre_board[None]
    stated = transform_points(T_world_cam @ np.stack(seen), centre)[:, 0]
    off_m = float(
        np.linalg.norm(np.median(stated, axis=0) - transform_points(T_world_board, centre)[0])
    )
    T_by_board = T_world_board @ inverse_se3(seen[len(seen) // 2])
    turn_deg = float(np.rad2deg(rotation_angle(T_by_board[:3, :3], T_world_cam[:3, :3])))
    told = (
        f"the board lies {1000 * off_m:.0f} mm and {turn_deg:.1f}° from where the stated camera "
        "sees it"
    )
    if off_m > REFUSED_M:
        raise BadInputError(
            f"camera and board contradict each other: {told}. Measure T_world_board again, or "
            "calibrate the camera again; leave out of capture.yaml what is not known."
        )
    notes.append(f"camera: {told}; the board is taken" if off_m > SAID_M else f"camera: {told}")
