"""Whether the object's mesh, the box drawn around it and the depth in the box fit each other."""

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

SIZE_RATIO = (0.3, 4.0)
MIN_DEPTH_SHARE = 0.05


def check_object_in_box(
    depth_mm: NDArray[np.uint16],
    K: NDArray[np.floating],
    box_xyxy: tuple[float, float, float, float],
    diameter_m: float,
    *,
    what: str,
) -> None:
    """Refuse a mesh that cannot be what the box shows.

    Args:
        depth_mm: depth (h, w) of the frame in which the box was drawn, 0 = no measurement.
        K: (3, 3) of its camera.
        box_xyxy: left, top, right, bottom in pixels.
        diameter_m: of the mesh.
        what: the object's name in sentences.

    Raises:
        BadInputError: for a box outside the image or without depth, or a mesh whose size
            contradicts the depth in it.
    """
    height, width = depth_mm.shape
    x0, y0, x1, y1 = np.clip(box_xyxy, 0, [width, height] * 2)
    if x1 - x0 < 4 or y1 - y0 < 4:
        raise BadInputError(
            f"init_box_xyxy {box_xyxy} covers no part of the {width}x{height} video; it is "
            "(x0, y0, x1, y1) in pixels"
        )
    depth_m = depth_mm[int(y0) : int(y1), int(x0) : int(x1)] / 1000.0
    if (depth_m > 0).mean() < MIN_DEPTH_SHARE:
        raise BadInputError(
            f"object '{what}': its frame has no depth inside the object's box. Choose another "
            "init_frame or box."
        )
    z = float(np.median(depth_m[depth_m > 0]))
    seen_m = float(np.hypot(x1 - x0, y1 - y0)) * z / float(K[0, 0])
    if not SIZE_RATIO[0] <= diameter_m / seen_m <= SIZE_RATIO[1]:
        raise BadInputError(
            f"object '{what}' measures {diameter_m:.3f} m across, but its box at {z:.2f} m spans "
            f"{seen_m:.3f} m. Check the units of mesh and depth, and the box."
        )
