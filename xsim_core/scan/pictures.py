"""What a person wants to see of a scan."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import Board, transform_points
from xsim_core.pictures import figure_bytes, png_bytes

from .align import BoardCorners
from .left_out import LeftOut

MAX_LOST = 8


def top_view(
    T_world_cam: NDArray[np.floating],
    points_world: NDArray[np.floating],
    points_rgb: NDArray[np.uint8],
    board: Board | None,
    lost: tuple[LeftOut, ...] = (),
) -> bytes:
    """PNG of the cameras' path, points and board from above, in the robot-base frame.

    Photos that have no pose are named below it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6))
    axes = figure.add_subplot()
    axes.scatter(points_world[:, 0], points_world[:, 1], s=1, c=points_rgb / 255.0)
    centres, forward = T_world_cam[:, :2, 3], T_world_cam[:, :2, 2]
    axes.plot(*centres.T, linewidth=0.5, color="tab:blue", alpha=0.5)
    axes.quiver(*centres.T, *forward.T, angles="xy", width=0.003, color="tab:blue")
    axes.plot(0, 0, "k^", label="robot base")
    span = np.concatenate([centres, [[0, 0]]])
    if board is not None:
        outline_world = transform_points(np.array(board.T_world_board), board.outline_board)
        axes.plot(*outline_world[..., :2].transpose(2, 1, 0), color="tab:red")
        axes.plot([], [], color="tab:red", label="board")
        span = np.concatenate([span, outline_world[..., :2].reshape(-1, 2)])
    low, high = span.min(axis=0) - 0.3, span.max(axis=0) + 0.3
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="x, m", ylabel="y, m")
    axes.set_aspect("equal")
    axes.legend(loc="upper right")
    if lost:
        named = [f"{one.name}: {one.reason}" for one in lost[:MAX_LOST]]
        more = [f"and {len(lost) - MAX_LOST} more"] if len(lost) > MAX_LOST else []
        axes.set_title("\n".join([f"{len(lost)} photos left out", *named, *more]), fontsize=8)
    return figure_bytes(figure)


def board_picture(images: NDArray[np.uint8], corners: BoardCorners) -> bytes:
    """PNG of the photo with the most detected corners, drawn in."""
    import cv2

    best = int(np.bincount(corners.image).argmax())
    picture = images[best].copy()
    for x, y in corners.pixels[corners.image == best]:
        cv2.circle(picture, (round(x), round(y)), 4, (255, 0, 0), 1, cv2.LINE_AA)
    return png_bytes(picture)
