"""From the frame and unit of photos' poses to metres in the robot-base frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import Capture
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.geometry import Board, PinholeCamera, transform_points

from .align import (
    BoardCorners,
    apply_similarity,
    fit_similarity,
    similarity_rms,
    triangulate_corners,
)
from .config import ScanConfig
from .sfm import SfmModel

SAID, REFUSED = 0.01, 0.03
"""Relative disagreement of two sources of scale; as that of a board's size with depth."""


@dataclass(frozen=True)
class ToWorld:
    """x_world = scale R x + t."""

    scale: float
    R: NDArray[np.float64]
    t: NDArray[np.float64]
    board_rms_mm: float | None
    notes: tuple[str, ...] = ()

    def cameras(self, T_cam_sfm: NDArray[np.float64]) -> NDArray[np.float64]:
        """``T_world_cam`` (n, 4, 4)."""
        return apply_similarity(T_cam_sfm, self.scale, self.R, self.t)

    def points(self, points_sfm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (p, 3) in the world."""
        return self.scale * points_sfm @ self.R.T + self.t


def check_something_tells(capture: Capture) -> None:
    """Refuse photos of which nothing tells metres and the robot's frame, before any work.

    Raises:
        BadInputError: then.
    """
    if capture.board is not None or capture.T_world_poses is not None:
        return
    lacks = "has neither board nor tags, and photos alone give no metres"
    if capture.metres_per_unit is not None:
        lacks = (
            "states metres_per_unit of its photos' poses, but neither board, tags nor "
            "T_world_poses tell where their frame lies in the robot's"
        )
    raise BadInputError(
        f"capture '{capture.name}' {lacks}: lay a board (or tags at known places) where the photos "
        "see it and name it in capture.yaml. A stated camera pose, or world: table, is of the "
        "video only; with `room: film` the video alone gives the room."
    )


def to_world(
    capture: Capture,
    model: SfmModel,
    corners: BoardCorners | None,
    camera: PinholeCamera,
    config: ScanConfig,
) -> ToWorld:
    """By the board in the photos; where they show none, as the capture states.

    Raises:
        QualityGateError: when the board is not found, not flat, or of another size than stated.
    """
    enough = corners is not None and corners.num_images >= config.min_board_images
    if capture.T_world_poses is not None and not enough:
        return _as_stated(capture)
    assert capture.board is not None  # As check_something_tells made sure.
    assert corners is not None
    found = _by_board(model, corners, camera, capture.board, config)
    return _compared(found, capture.metres_per_unit)


def _as_stated(capture: Capture) -> ToWorld:
    T = np.array(capture.T_world_poses, np.float64)
    scale = float(capture.metres_per_unit or 1.0)
    told = (
        f"the photos are placed as capture.yaml states (metres_per_unit {scale:g}, T_world_poses): "
        "no board confirms it"
    )
    return ToWorld(scale, T[:3, :3], T[:3, 3], None, (told,))


def _compared(found: ToWorld, stated: float | None) -> ToWorld:
    """The board's word, held against a stated scale.

    Raises:
        QualityGateError: when they disagree.
    """
    if stated is None:
        return found
    off = found.scale / stated - 1
    told = (
        f"the board makes a unit of the photos' poses {found.scale:.5g} m, metres_per_unit is "
        f"{stated:g}: {abs(off):.1%} apart"
    )
    if abs(off) > REFUSED:
        raise QualityGateError(
            f"{told}. One of them is wrong: measure the print (square_m, size_m), or leave "
            "metres_per_unit out."
        )
    if abs(off) <= SAID:
        return found
    return ToWorld(found.scale, found.R, found.t, found.board_rms_mm, (told,))


def _by_board(
    model: SfmModel,
    corners: BoardCorners,
    camera: PinholeCamera,
    board: Board,
    config: ScanConfig,
) -> ToWorld:
    """The similarity that brings triangulated corners to the printed ones."""
    if corners.num_images < config.min_board_images:
        raise QualityGateError(
            f"the {board.described} was found in {corners.num_images} of {len(model.photo_index)} "
            f"registered photos; scan needs {config.min_board_images}. Its markers "
            "must be at least 20 pixels wide: go closer, use larger photos, and check the board's "
            "description in capture.yaml."
        )
    points_sfm = triangulate_corners(corners, model.T_cam_sfm, camera)
    if len(points_sfm) < 6:
        raise QualityGateError(
            f"only {len(points_sfm)} board corners agree between photos, 6 are needed: was the "
            "board moved or bent while photographing?"
        )
    source = np.stack(list(points_sfm.values()))
    target = board.corners_board[list(points_sfm)]
    target = transform_points(np.array(board.T_world_board), target)
    s, R, t = fit_similarity(source, target)
    rms_mm = 1000.0 * similarity_rms(source, target, s, R, t)
    if rms_mm > config.max_board_rms_mm:
        raise QualityGateError(
            f"triangulated board corners miss the printed ones by {rms_mm:.2f} mm rms (gate "
            f"{config.max_board_rms_mm} mm). Is the board flat, and square_m as printed?"
        )
    return ToWorld(s, R, t, rms_mm)
