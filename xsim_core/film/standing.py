"""What stands out of the surface around it in one depth image, from a few of its pixels on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from xsim_core.geometry import PinholeCamera
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.frame import Level
from xsim_core.tracking.initialisation.support import find_support
from xsim_core.tracking.terms import depth_sigma

Box = tuple[float, float, float, float]
Mask = NDArray[np.bool_]
DepthM = NDArray[np.float32]

STANDS_M = 0.004
"""Lower than this above the support is the support, or cannot be told from it."""
NOISES = 2.5
"""Standard deviations of the depth that something must stand out by."""
EDGE_M = 0.03
"""Depth that changes by more from pixel to pixel is an edge."""
MAX_SIZE_M = 0.4
"""What is larger is furniture or a person."""
MIN_PIXELS = 60
FLOATS_M, FROM_ABOVE = 0.06, 0.95
"""What ends higher above its support is held; seen from above (the cosine between the line of
sight and the support's normal) no side of a thing tells that."""
BEYOND_EDGE = "goes on beyond the picture's edge, as an arm does"
BORDER_PX = 1
"""Nearer to the picture's edge something goes on beyond it."""
RIM_PX, BEFORE_M, MAX_HIDDEN = 4, 0.008, 0.05
"""How far around the outline something is looked for that hides the thing, how much nearer than
it that is, and along how much of the outline it may be."""


@dataclass(frozen=True)
class Standing:
    """A connected thing in one frame."""

    box_xyxy: Box
    """Left, top, right, bottom in pixels; right and bottom are the first outside."""
    mask: Mask
    """(h, w) of its pixels."""
    diameter_m: float
    """Largest distance between two measured points of it: a mesh's is no smaller."""


@dataclass(frozen=True)
class SetAside:
    """What is none, and why."""

    box_xyxy: Box
    why: str
    """A clause: "goes on beyond the picture's edge"."""
    diameter_m: float = 0.0
    """Of its own pixels."""
    is_arm: bool = False
    """It reaches the picture's edge, or lies at what does."""


def standing_at(
    seeds: Mask,
    depth_m: DepthM,
    camera: PinholeCamera,
    *,
    around: Box | None = None,
    num_averaged: int = 1,
    min_size_m: float = 0.0,
    max_size_m: float = MAX_SIZE_M,
    config: TrackerConfig | None = None,
) -> Standing | SetAside:
    """The thing that some pixels are of: all that is connected with them above its support.

    Args:
        seeds: (h, w) pixels of it.
        depth_m: (h, w), 0 is no measurement.
        camera: of the image.
        around: the box around which the support is looked for; that of the seeds if left out.
        num_averaged: frames that ``depth_m`` is the median of.
        min_size_m: across; what is smaller is looked for beyond the depth's edges as well.
        max_size_m: across; larger is no thing.
        config: tells the depth's noise.
    """
    config = config or TrackerConfig()
    box = around or box_of(seeds)
    empty = np.zeros((*depth_m.shape, 3), np.uint8)
    support = find_support(Level(empty, depth_m, camera), np.array(box), config)
    if support is None:
        return SetAside(box, "stands on nothing flat")
    points = camera.unproject(depth_m)
    z = depth_m[seeds & (depth_m > 0)]
    if len(z) == 0:
        return SetAside(box, "has no depth")
    sigma_m = float(depth_sigma(np.array([np.median(z)]), config)[0]) / np.sqrt(
        min(num_averaged, 9)
    )
    heights_m = support.heights(points)
    stands = opened((depth_m > 0) & (heights_m > max(STANDS_M, NOISES * sigma_m)))
    found: Standing | SetAside = SetAside(box, "does not stand out of what it lies on")
    # What lies one behind the other in the picture is no one thing, unless it is too small so.
    for pieces in (without_depth_edges(stands, depth_m), stands):
        mask = connected_with(pieces, seeds)
        if mask.sum() < MIN_PIXELS:
            continue
        mask = with_edges(mask, stands, depth_m)
        found = judged(mask, depth_m, points, max_size_m)
        if isinstance(found, SetAside):
            return found
        if (hidden := hidden_share(mask, stands, depth_m)) > MAX_HIDDEN:
            why = f"has something before it along {100 * hidden:.0f} % of its outline"
            return SetAside(found.box_xyxy, why, found.diameter_m)
        if (low_m := _lowest_m(mask, heights_m, points, support.normal)) > FLOATS_M:
            why = f"ends {1000 * low_m:.0f} mm above what is below it, as what is held does"
            return SetAside(found.box_xyxy, why, found.diameter_m)
        if found.diameter_m >= min_size_m:
            return found
    return found


def _lowest_m(
    mask: Mask,
    heights_m: NDArray[np.floating],
    points_cam: NDArray[np.float64],
    normal: NDArray[np.floating],
) -> float:
    """How far above its support a mask (h, w) ends; 0 where only its top can be seen."""
    ray = np.median(points_cam[mask], axis=0)
    if abs(float(ray @ normal)) > FROM_ABOVE * float(np.linalg.norm(ray)):
        return 0.0
    return float(np.quantile(heights_m[mask], 0.02))


def judged(
    mask: Mask, depth_m: DepthM, points_cam: NDArray[np.float64], max_size_m: float = MAX_SIZE_M
) -> Standing | SetAside:
    """Whether a mask (h, w) with depth, its points (h, w, 3), can be all of a thing."""
    box, (height, width) = box_of(mask), mask.shape
    at_edge = min(box[0], box[1], width - box[2], height - box[3]) < BORDER_PX
    diameter_m = _diameter_m(points_cam[mask & (depth_m > 0)])
    if at_edge:
        return SetAside(box, BEYOND_EDGE, diameter_m, is_arm=True)
    if diameter_m > max_size_m:
        return SetAside(box, f"is {diameter_m:.2f} m across", diameter_m)
    return Standing(box, mask, diameter_m)


def box_of(mask: Mask) -> Box:
    """Around the pixels of a mask (h, w) with any."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def connected_with(pieces: Mask, seeds: Mask) -> Mask:
    """The connected pieces (h, w) that hold a fair share of the seeds."""
    labels = np.asarray(cv2.connectedComponents(pieces.astype(np.uint8))[1])
    held = np.bincount(labels[seeds & pieces], minlength=int(labels.max()) + 1)
    held[0] = 0
    if not held.any():
        return np.zeros(pieces.shape, bool)
    return np.isin(labels, np.flatnonzero(held >= max(1.0, 0.2 * held.max())))


def opened(mask: Mask) -> Mask:
    """A mask (h, w) without what is one or two pixels wide: noise of the depth."""
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


def without_depth_edges(stands: Mask, depth_m: DepthM) -> Mask:
    """Cut apart what only lies one before the other in the picture (h, w)."""
    step = cv2.morphologyEx(depth_m, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return np.asarray(stands & (step < EDGE_M))


def with_edges(mask: Mask, stands: Mask, depth_m: DepthM) -> Mask:
    """What was cut off at depth's edges is given back, as far as it lies at the mask's depth."""
    kernel = np.ones((5, 5), np.uint8)
    far_m = cv2.dilate(np.where(mask, depth_m, 0).astype(np.float32), kernel)
    grown = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    return np.asarray(mask | (grown & stands & (np.abs(depth_m - far_m) < EDGE_M)))


def hidden_share(mask: Mask, stands: Mask, depth_m: DepthM) -> float:
    """Of the outline, where something stands that is nearer than the thing is there."""
    kernel = np.ones((2 * RIM_PX + 1, 2 * RIM_PX + 1), np.uint8)
    rim = (cv2.dilate(mask.astype(np.uint8), kernel) > 0) & ~mask
    near_m = cv2.erode(np.where(mask, depth_m, 9.0).astype(np.float32), kernel)
    before = stands & (depth_m < near_m - BEFORE_M)
    return float((rim & before).sum() / max(1, rim.sum()))


def _diameter_m(points: NDArray[np.float64]) -> float:
    """Largest distance between points (n, 3), one in a hundred outliers left out."""
    if len(points) < 2:
        return 0.0
    middle = np.median(points, axis=0)
    off = np.linalg.norm(points - middle, axis=1)
    points = points[off <= np.quantile(off, 0.99)] if len(points) > 8 else points
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:
        points = points[:: max(1, len(points) // 500)]
    return float(pdist(points).max())
