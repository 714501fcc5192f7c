"""The object at rest, before anything moves: what of the picture it is, and what it stands on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.film.frames import Video
from xsim_core.film.standing import (
    MAX_HIDDEN,
    NOISES,
    STANDS_M,
    Box,
    Mask,
    hidden_share,
    opened,
    with_edges,
    without_depth_edges,
)
from xsim_core.geometry import make_se3
from xsim_core.geometry.arrays import SE3
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.initialisation.support import Support, find_support
from xsim_core.tracking.terms import depth_sigma

MAX_RESTING = 24
"""Frames of the same rest that are averaged."""
SAME_SHARE = 0.9
"""Of the object's pixels that must be measured where they were in a frame of the same rest."""
MIN_PIXELS = 400
"""Of the object in one frame."""
MIN_PIECE = 25
"""Of a piece of it: hidden behind itself, an object may be in several."""
MARGIN = 0.25
"""How far beyond the box the object is looked for, in box sides."""


@dataclass(frozen=True)
class FirstLook:
    """The frame with the box, its depth averaged over the rest around it."""

    frame: int
    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    is_object: Mask
    support: Support
    T_cam_object: SE3
    """(4, 4): origin on the support below the middle of what is seen, z away from it."""
    num_resting: int
    """Frames that were averaged."""
    extent_m: NDArray[np.float64]
    """(2, 3) lowest and highest corner of what is seen, in that frame."""


def first_look(video: Video, frame: int, box: Box, config: TrackerConfig) -> FirstLook:
    """Find what stands in the box.

    Raises:
        BadInputError: when that cannot be told from what surrounds it, or is too small.
    """
    rgb, depth_m = video.rgb(frame), video.depth_m(frame)
    support = find_support(Level(rgb, depth_m, video.camera), np.asarray(box), config)
    if support is None:
        raise BadInputError(
            "the object cannot be reconstructed: around its box no surface is seen that it stands "
            "on. Choose an init_frame in which it stands on a table, or bring a mesh (`mesh:`)"
        )
    is_object = _object_mask(video, depth_m, box, support, noise_at_least(depth_m, 1, config))
    resting = _resting(video, frame, is_object, depth_m)
    if len(resting) > 1:
        depth_m = _averaged(video, resting)
        least_m = noise_at_least(depth_m, len(resting), config)
        is_object = _object_mask(video, depth_m, box, support, least_m)
    points = video.camera.unproject(depth_m)[is_object]
    T_cam_object = _frame_on_support(support, points)
    local = (points - T_cam_object[:3, 3]) @ T_cam_object[:3, :3]
    low, high = np.quantile(local, [0.003, 0.997], axis=0)
    middle = np.array([*(low + high)[:2] / 2, 0.0])
    T_cam_object = T_cam_object @ make_se3(np.eye(3), middle)
    extent = np.stack([low, high]) - middle
    return FirstLook(frame, rgb, depth_m, is_object, support, T_cam_object, len(resting), extent)


def noise_at(z_m: float, config: TrackerConfig) -> float:
    """Standard deviation of depth in metres at one distance."""
    return float(depth_sigma(np.array([z_m]), config)[0])


def noise_at_least(depth_m: NDArray[np.float32], num_averaged: int, config: TrackerConfig) -> float:
    """How high in metres something stands that is no noise of the depth."""
    noise_m = noise_at(float(np.median(depth_m[depth_m > 0])), config)
    return max(STANDS_M, NOISES * noise_m / np.sqrt(min(num_averaged, 9)))


def _object_mask(
    video: Video,
    depth_m: NDArray[np.float32],
    box: Box,
    support: Support,
    least_m: float,
) -> Mask:
    """What stands out of the support in the box (h, w).

    Raises:
        BadInputError: when it goes on beyond the box, or is too small.
    """
    heights = support.heights(video.camera.unproject(depth_m))
    stands = (depth_m > 0) & (heights > least_m)
    stands = opened(stands)
    for pieces in (stands, without_depth_edges(stands, depth_m)):
        mask, goes_on = _in_box(pieces, box)
        if not goes_on:
            break
    else:
        raise BadInputError(
            "the object cannot be reconstructed: what stands in its box goes on beyond it. Choose "
            "an init_frame in which neither hand nor anything else touches it, draw the box "
            "around all of it, or bring a mesh (`mesh:`)"
        )
    if mask.sum() < MIN_PIXELS:
        raise BadInputError(
            f"the object cannot be reconstructed: in its box only {int(mask.sum())} pixels stand "
            f"out of what it lies on, {MIN_PIXELS} are needed. Film it from nearer by or at a "
            "higher resolution, or bring a mesh (`mesh:`)"
        )
    mask = with_edges(mask, stands, depth_m)
    if (hidden := hidden_share(mask, stands, depth_m)) > MAX_HIDDEN:
        raise BadInputError(
            f"the object cannot be reconstructed: along {100 * hidden:.0f} % of its outline "
            "something is before it. Choose an init_frame in which it is free, or bring a mesh "
            "(`mesh:`)"
        )
    return mask


def _in_box(stands: Mask, box: Box) -> tuple[Mask, bool]:
    """The pieces (h, w) that lie in the box, and whether the largest goes on beyond it."""
    x0, y0, x1, y1 = box
    dx, dy = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    v, u = np.mgrid[: stands.shape[0], : stands.shape[1]]
    near = (u >= x0 - dx) & (u <= x1 + dx) & (v >= y0 - dy) & (v <= y1 + dy)
    in_box = (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1)
    pieces = (stands & near).astype(np.uint8)
    labels = np.asarray(cv2.connectedComponents(pieces)[1], np.int64)
    sizes = np.bincount(labels.ravel())
    inside = np.bincount(labels[in_box], minlength=len(sizes))
    inside[0] = 0
    rim = near & ~cv2.erode(near.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    at_rim = np.bincount(labels[rim], minlength=len(sizes))
    is_piece = (inside > 0.5 * sizes) & (at_rim == 0) & (inside >= MIN_PIECE)
    largest = int(inside.argmax())
    return np.isin(labels, np.flatnonzero(is_piece)), bool(
        at_rim[largest] > 0 and inside[largest] >= MIN_PIECE
    )


def _resting(video: Video, frame: int, is_object: Mask, depth_m: NDArray[np.float32]) -> list[int]:
    """Frames around one, without a gap, that show the object where it is there."""
    if video.motion is not None:
        return [frame]
    found, z = [frame], depth_m[is_object]
    near_m = 0.006 + 0.005 * float(np.median(z)) ** 2
    for step in (1, -1):
        i = frame + step
        while 0 <= i < video.num_frames and len(found) < MAX_RESTING:
            off = np.abs(video.depth_m(i)[is_object] - z)
            if (off < near_m).mean() < SAME_SHARE:
                break
            found.append(i)
            i += step
    return found


def _averaged(video: Video, frames: list[int]) -> NDArray[np.float32]:
    """Median depth (h, w) of the measurements; 0 where most frames have none."""
    stack = np.stack([video.depth_m(i) for i in frames])
    stack[stack == 0] = np.nan
    known = np.isfinite(stack).sum(0) * 2 > len(frames)
    depth_m = np.zeros(stack.shape[1:], np.float32)
    depth_m[known] = np.nanmedian(stack[:, known], axis=0)
    return depth_m


def _frame_on_support(support: Support, points_cam: NDArray[np.floating]) -> SE3:
    middle = points_cam.mean(0)
    origin = middle - support.heights(middle) * support.normal
    # x points away from the camera, along the support; seen from above, up the picture.
    z = support.normal
    away = middle - (middle @ z) * z
    if np.linalg.norm(away) < 0.1 * np.linalg.norm(middle):
        away = np.array([0.0, -1.0, 0.0]) + z[1] * z
    x = np.asarray(away / np.linalg.norm(away), np.float64)
    y = np.asarray(np.cross(z, x), np.float64)
    return make_se3(np.stack([x, y, np.asarray(z, np.float64)], axis=-1), origin)
