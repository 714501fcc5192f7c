"""Where the video camera stands in the robot-base frame: from the printed board."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.checks.camera_still import frames_with_board_elsewhere
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import (
    Board,
    detect_board,
    inverse_se3,
    make_se3,
    rotation_angle,
    so3_exp,
    so3_log,
)

from .frames import Video
from .gates import CameraGates

MAX_BAD_SHARE = 0.25


@dataclass(frozen=True)
class WorldFrame:
    """The camera in the world, and how well that is known."""

    T_world_cam: NDArray[np.float64]
    """(4, 4)."""
    board_rms_px: float | None
    num_frames: int
    """Frames in which the board was found."""


def locate_camera(
    video: Video,
    board: Board,
    config: CameraGates,
    *,
    span: tuple[int, int] | None = None,
) -> WorldFrame:
    """Robust mean of the camera's pose over several frames; the camera stands still.

    Args:
        video: in which the board is looked for.
        board: as described.
        config: says in how many frames, and what is good enough.
        span: first and last frame in which the camera stood in one place; all by default.

    Raises:
        BadInputError: when the board is in no frame.
        QualityGateError: when it fits badly, or the camera moves.
    """
    first, last = span or (0, video.num_frames - 1)
    frames = np.unique(np.linspace(first, last, config.num_board_frames).astype(int)).tolist()
    found = [detect_board(video.rgb(i), board, camera=video.camera) for i in frames]
    posed = [d for d in found if d is not None and d.T_cam_board is not None]
    if not posed:
        partly = sum(d is not None for d in found)
        raise BadInputError(
            f"the {board.described} was not found in any of {len(frames)} video frames ({partly} "
            "showed only part of it). Keep the whole board in view of the video camera, "
            "and check its kind and size in the capture."
        )
    poses = np.stack([d.T_cam_board for d in posed if d.T_cam_board is not None])
    rms_px = float(np.median([d.rms_px for d in posed]))
    if rms_px > config.max_board_rms_px:
        raise QualityGateError(
            f"the board's corners fit with {rms_px:.2f} px rms, more than max_board_rms_px = "
            f"{config.max_board_rms_px}. Check the camera's intrinsics and the board's dimensions."
        )
    _check_share_that_fits([d.rms_px for d in posed], config)
    seen = {i: d for i, d in zip(frames, found, strict=True) if d is not None}
    if elsewhere := frames_with_board_elsewhere(seen, video.camera.width):
        when_s = video.timestamps_s[elsewhere[0]] - video.timestamps_s[0]
        raise QualityGateError(
            f"the board lies elsewhere from {when_s:.2f} s on while the camera stands still (by "
            "all that can be seen beside it). T_world_board is one place: leave the board where it "
            "was measured, or cut the film there."
        )
    T_cam_board, drift_m = _robust_mean(poses, board)
    if drift_m > config.max_camera_drift_m:
        raise QualityGateError(
            f"the board moves by {1000 * drift_m:.0f} mm in the video (max_camera_drift_m = "
            f"{config.max_camera_drift_m}). The camera and the board must stand still."
        )
    T_world_board = np.asarray(board.T_world_board, np.float64)
    return WorldFrame(T_world_board @ inverse_se3(T_cam_board), rms_px, len(posed))


def _check_share_that_fits(rms_px: list[float], config: CameraGates) -> None:
    """A median alone is blind to what is wrong in up to half of the frames."""
    bad = sum(rms > config.max_board_rms_px for rms in rms_px)
    if bad > MAX_BAD_SHARE * len(rms_px):
        raise QualityGateError(
            f"in {bad} of {len(rms_px)} frames the board's corners fit worse than max_board_rms_px "
            f"= {config.max_board_rms_px}. Is the board flat, and does nothing shake it?"
        )


def _robust_mean(poses: NDArray[np.floating], board: Board) -> tuple[NDArray[np.float64], float]:
    """Mean pose (4, 4) without outliers, and the median distance of board centres from it."""
    centre = np.append(board.centre_board, 1.0)
    centres = poses @ centre  # (n, 4)
    spread = np.linalg.norm(centres[:, None, :3] - centres[None, :, :3], axis=-1)
    turns = rotation_angle(poses[:, None, :3, :3], poses[None, :, :3, :3])
    # A planar target seen from afar has a mirrored twin pose: the medoid is on the majority's side.
    medoid = int(np.argmin(np.median(spread + 0.1 * turns, axis=1)))
    is_inlier = (turns[medoid] < np.deg2rad(4)) & (spread[medoid] < 0.03)
    R = poses[medoid, :3, :3]
    R = R @ so3_exp(so3_log(R.T @ poses[is_inlier, :3, :3]).mean(0))
    # Rotation and distance errors go together: average the board's centre, not its corner.
    middle = centres[is_inlier, :3].mean(0)
    drift_m = float(np.median(spread[medoid]))
    return make_se3(R, middle - R @ centre[:3]), drift_m
