"""What a person wants to see of a world: where the object goes, and what is in its way."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.pictures import figure_bytes
from xsim_core.sim.pieces import ConvexPieces


def top_view_png(
    path: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    tcp: NDArray[np.float64],
    obstacles: ConvexPieces,
    vertices: NDArray[np.float64],
    T_start: NDArray[np.float64],
) -> bytes:
    """Start, waypoints, workspace and obstacles from above, as PNG.

    Args:
        path: (k, 3) the object's centre at its start and at each waypoint, world frame, metres.
        low: (3,) corner of the workspace.
        high: (3,) the opposite corner.
        tcp: (3,) the gripper at the start.
        obstacles: convex pieces of the scene.
        vertices: (v, 3) of the object, in its frame.
        T_start: (4, 4) pose of the object at the start.
    """
    # The object interface: pyplot would keep global state and choose a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon, Rectangle
    from scipy.spatial import ConvexHull

    figure = Figure(figsize=(5.2, 5.2), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for piece in np.split(obstacles.vertices, obstacles.vertex_ends[:-1]):
        if len(piece):
            outline = piece[ConvexHull(piece[:, :2]).vertices, :2]
            axes.add_patch(Polygon(outline, fc="0.85", ec="0.6", lw=0.8))
    corner, size = (float(low[0]), float(low[1])), high - low
    axes.add_patch(
        Rectangle(corner, size[0], size[1], fill=False, ec="tab:blue", ls=":", label="workspace")
    )
    seen = (vertices @ T_start[:3, :3].T + T_start[:3, 3])[:, :2]
    outline = seen[ConvexHull(seen).vertices]
    axes.add_patch(Polygon(outline, fc="tab:orange", alpha=0.5, label="object at its start"))
    axes.plot(path[:, 0], path[:, 1], "k^--", ms=6, lw=0.8, label="waypoints from the video")
    axes.plot(*tcp[:2], "b+", ms=10, label="gripper at the start")
    axes.plot(0, 0, "ks", ms=8, label="robot's base")
    middle, reach = (low + high)[:2] / 2, 0.5 * float((high - low)[:2].max()) + 0.15
    axes.set(xlim=(min(-0.1, middle[0] - reach), middle[0] + reach), xlabel="x / m", ylabel="y / m")
    axes.set(ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
    axes.legend(fontsize=7, loc="lower left")
    return figure_bytes(figure, is_tight=False)
