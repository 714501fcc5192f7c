"""Where a board lies, from three of its corners that the robot's tip touched."""

from pydantic import Field

from xsim_core.config import FrozenModel, Vec3

from .tag_spec import Matrix4

MAX_SCALE_OFF = 0.03
MAX_OFF_M = 0.004
"""Of each corner from a board of that size; a tip touches to a millimetre or two."""


class TouchedCorners(FrozenModel):
    """Outer corners of the printed chessboard, not of the paper: robot-base frame, metres."""

    lower_left: Vec3
    """As one reads the print: its upper row is away from this one."""
    lower_right: Vec3
    upper_left: Vec3
    tip_m: float = Field(default=0.0, ge=-0.5, le=0.5)
    """Added to every height, where what was touched with is longer than the robot thinks."""


def board_from_touch(touched: TouchedCorners, size_m: tuple[float, float]) -> Matrix4:
    """``T_world_board`` (4, 4) that brings the board's corners closest to those touched.

    Kabsch, A solution for the best rotation to relate two sets of vectors, 1976.

    Args:
        touched: three corners.
        size_m: width and height of the chessboard, as stated.

    Raises:
        ValueError: when no board of that size has such corners, with what was measured.
    """
    import numpy as np

    width, height = size_m
    told = np.array([touched.lower_left, touched.lower_right, touched.upper_left], float)
    told[:, 2] += touched.tip_m
    edges = np.linalg.norm(told[1:] - told[0], axis=-1)
    for name, edge, stated in zip(("width", "height"), edges, size_m, strict=True):
        if abs(edge / stated - 1) > MAX_SCALE_OFF and abs(edge - stated) > MAX_OFF_M:
            raise ValueError(
                f"the touched corners make the board's {name} {1000 * edge:.0f} mm, its squares "
                f"{1000 * stated:.0f} mm ({edge / stated:.3g} times): measure square_m on the "
                "print, touch the chessboard's outer corners (not the paper's), and write metres"
            )
    known = np.array([[0, 0, 0], [width, 0, 0], [0, height, 0]])
    there, here = told - told.mean(axis=0), known - known.mean(axis=0)
    U, _, Vt = np.linalg.svd(there.T @ here)
    R = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt
    off_m = float(np.linalg.norm(there - here @ R.T, axis=-1).max())
    if off_m > MAX_OFF_M:
        raise ValueError(
            f"the touched corners lie {1000 * off_m:.0f} mm off those of a right angle: touch them "
            "again, lower left, lower right, upper left as one reads the print"
        )
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, told.mean(axis=0) - R @ known.mean(axis=0)
    return tuple(tuple(float(round(x, 9)) for x in row) for row in T)
