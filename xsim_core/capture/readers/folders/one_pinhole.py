"""Frames whose intrinsics differ, by cropping or autofocus, as one pinhole takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.files.windows import let_go

Floats = NDArray[np.float64]
NEGLIGIBLE_PX = 0.05


def middle_K(K: Floats) -> Floats:
    """The (3, 3) that differs least from all of (t, 3, 3): the median of each number."""
    return np.median(K, axis=0)


def shifts_px(K: Floats, K_one: Floats, image_wh: tuple[int, int]) -> Floats:
    """How far the corners of each frame (t,) move when it is brought from ``K`` to ``K_one``."""
    w, h = image_wh
    corners = np.array([[0, 0, 1], [w - 1, 0, 1], [0, h - 1, 1], [w - 1, h - 1, 1.0]])
    moved = corners @ np.swapaxes(K_one @ np.linalg.inv(K), 1, 2)
    return np.linalg.norm((moved / moved[..., 2:] - corners)[..., :2], axis=-1).max(axis=-1)


def to_one_pinhole(image: NDArray[Any], K: Floats, K_one: Floats, *, nearest: bool) -> NDArray[Any]:
    """An image (h, w[, c]) of a camera ``K`` as ``K_one`` sees it from the same place.

    Both differ by a homography, and depth along the axis stays what it is. What ``K`` did not see
    is 0.

    Args:
        image: of ``K``.
        K: (3, 3).
        K_one: (3, 3).
        nearest: take the nearest pixel, as depth needs.
    """
    import cv2

    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    h, w = image.shape[:2]
    return cv2.warpPerspective(image, K_one @ np.linalg.inv(K), (w, h), flags=how)


def bring_to_one(
    rgb: NDArray[np.uint8], depth: NDArray[Any], K: Floats, source: str, notes: list[str]
) -> Floats:
    """Change colour (t, h, w, 3) and depth (t, h, w) in place; answers the ``K`` (3, 3) of all.

    Args:
        rgb: as recorded.
        depth: likewise, in any unit.
        K: (t, 3, 3) of each frame.
        source: named in the note.
        notes: receives how far images were moved.
    """
    K_one = middle_K(K)
    shifts = shifts_px(K, K_one, (rgb.shape[2], rgb.shape[1]))
    moved = np.flatnonzero(shifts > NEGLIGIBLE_PX).tolist()
    for i in moved:
        rgb[i] = to_one_pinhole(rgb[i], K[i], K_one, nearest=False)
        depth[i] = to_one_pinhole(depth[i], K[i], K_one, nearest=True)
        let_go(rgb)
        let_go(depth)
    if moved:
        notes.append(
            f"{source}: intrinsics differ between images; {len(moved)} were brought to one camera, "
            f"by {shifts.max():.1f} px at most"
        )
    return K_one
