"""What stands still at one moment of a film and is gone from its place at another.

Per pixel of a still camera, depth that later lies behind what was measured at first is a surface
that was taken away. What never moves leaves no such pixel, whatever passes before it. From these
pixels the thing is grown over all that stands connected above its table, so that one that moved by
less than its own length is whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from xsim_core.geometry import PinholeCamera
from xsim_core.tracking.config import TrackerConfig

from .revealed import Revealed, revealed
from .standing import (
    MAX_SIZE_M,
    MIN_PIXELS,
    Box,
    Mask,
    SetAside,
    Standing,
    judged,
    standing_at,
)

COLUMNS = 640
"""Larger images are thinned to about so many columns."""
MIN_LEFT = 0.3
"""Of a thing's pixels, how many must have been left: of less it is not known what they are of."""
MAX_UNSTILL, RING_PX = 0.08, 9
"""Of a region's pixels, those that changed within ``STILL_S``, in it or in a ring around it."""
MIN_STAYS = 0.5
"""Of the picture that must stay where it was, in the median over frames: else the camera moves."""
SAME_SHARE = 0.3
"""Of a region's pixels that lie on a thing that was found: it is that thing's."""
NEAR_M, TOGETHER_S = 0.02, 0.7
"""Pieces that lie nearer and went within this time are of one thing."""
HAND_M = 0.08
"""Pieces that lie nearer to an arm and do not stand still are its hand's."""
TOUCHED = "is touched by what goes on beyond the picture's edge"
MAX_REGIONS = 12
"""Looked at, largest first."""


Piece = tuple[Mask, Standing | SetAside]
"""Its pixels (h, w), and what they are of."""


@dataclass(frozen=True)
class MovedAway:
    """All that was there and went."""

    things: tuple[Standing, ...]
    """Largest first."""
    set_aside: tuple[SetAside, ...]
    stays: float
    """Share of the picture that stayed, median over frames; below ``MIN_STAYS`` the camera moves
    and nothing was looked for."""


def moved_away(
    depth_mm: Sequence[NDArray[np.uint16]] | NDArray[np.uint16],
    timestamps_s: NDArray[np.floating],
    frame: int,
    camera: PinholeCamera,
    *,
    max_size_m: float = MAX_SIZE_M,
    config: TrackerConfig | None = None,
) -> MovedAway:
    """Find what stands still around one frame and is gone from its place in others.

    Args:
        depth_mm: (t, h, w) of a camera that stands still; read frame by frame. 0: not measured.
        timestamps_s: (t,).
        frame: of the moment.
        camera: of the images.
        max_size_m: across; what is larger is no thing.
        config: tells the depth's noise.
    """
    config = config or TrackerConfig()
    step = max(1, round(camera.width / COLUMNS))
    thin = _thinned(camera, step)
    seen = revealed(depth_mm, timestamps_s, frame, step)
    if seen.stays < MIN_STAYS:
        return MovedAway((), (), seen.stays)
    pieces = _merged(_pieces(seen, thin, max_size_m, config), seen, thin, max_size_m)
    found = [item for _, item in _without_arms(pieces, seen, thin)]
    found = [replace(f, box_xyxy=_enlarged(f.box_xyxy, step, camera)) for f in found]
    things = tuple(f for f in found if isinstance(f, Standing))
    return MovedAway(things, tuple(f for f in found if isinstance(f, SetAside)), seen.stays)


def _pieces(
    seen: Revealed, camera: PinholeCamera, max_size_m: float, config: TrackerConfig
) -> list[Piece]:
    """What the pixels that were left are of, most pixels first; each thing once."""
    found: list[Piece] = []
    for region in _regions(seen.gone):
        if not any(isinstance(f, Standing) and _is_of(region, f) for _, f in found):
            piece = _thing(region, seen, camera, max_size_m, config)
            mask = piece.mask if isinstance(piece, Standing) else region
            found.append((mask, piece))
    return found


def _thing(
    region: Mask, seen: Revealed, camera: PinholeCamera, max_size_m: float, config: TrackerConfig
) -> Standing | SetAside:
    points = camera.unproject(seen.there_m)
    alone = judged(region, seen.there_m, points, max_size_m)
    if isinstance(alone, SetAside):
        return alone
    around = cv2.dilate(region.astype(np.uint8), np.ones((RING_PX, RING_PX), np.uint8)) > 0
    comes = float((seen.comes & around).sum()) / float(region.sum())
    if max(1 - float(seen.is_still[region].mean()), comes) > MAX_UNSTILL:
        return SetAside(alone.box_xyxy, "does not stand still at that moment", alone.diameter_m)
    thing = standing_at(
        region,
        seen.there_m,
        camera,
        num_averaged=seen.num_first,
        max_size_m=max_size_m,
        config=config,
    )
    if isinstance(thing, SetAside):
        return replace(thing, diameter_m=alone.diameter_m)
    if (share := float(seen.gone[thing.mask].mean())) < MIN_LEFT:
        why = f"stands there with {100 * (1 - share):.0f} % of it where nothing went away"
        return SetAside(thing.box_xyxy, why, alone.diameter_m)
    return judged(thing.mask | region, seen.there_m, points, max_size_m)


def _is_of(region: Mask, thing: Standing) -> bool:
    return bool((region & thing.mask).sum() > SAME_SHARE * region.sum())


def _regions(gone: Mask) -> list[Mask]:
    """Connected pixels, most first; what is a few pixels wide is an edge's noise."""
    mask = gone.astype(np.uint8)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    labels = np.asarray(cv2.connectedComponents(closed)[1])
    sizes = np.bincount(labels[gone], minlength=int(labels.max()) + 1)
    sizes[0] = 0
    chosen = [int(i) for i in np.argsort(-sizes) if sizes[i] >= MIN_PIXELS]
    return [(labels == i) & gone for i in chosen[:MAX_REGIONS]]


def _merged(
    pieces: list[Piece], seen: Revealed, camera: PinholeCamera, max_size_m: float
) -> list[Piece]:
    """Pieces that lie side by side and went together are one thing."""
    points, kept = camera.unproject(seen.there_m), list[Piece]()
    for mask, piece in pieces:
        for k, (other, kept_piece) in enumerate(kept):
            if (
                isinstance(piece, Standing)
                and isinstance(kept_piece, Standing)
                and _away_m(mask, other, seen, camera) < NEAR_M
                and abs(_went_s(mask, seen) - _went_s(other, seen)) < TOGETHER_S
            ):
                both = mask | other
                kept[k] = both, judged(both, seen.there_m, points, max_size_m)
                break
        else:
            kept.append((mask, piece))
    return kept


def _without_arms(pieces: list[Piece], seen: Revealed, camera: PinholeCamera) -> list[Piece]:
    """What lies at an arm is of the arm, or held by it: neither is a thing of its own."""
    arms = [mask for mask, piece in pieces if isinstance(piece, SetAside) and piece.is_arm]
    told: list[Piece] = []
    for mask, piece in pieces:
        away_m = min((_away_m(mask, arm, seen, camera) for arm in arms), default=np.inf)
        if isinstance(piece, Standing) and away_m < NEAR_M:
            piece = SetAside(piece.box_xyxy, TOUCHED, piece.diameter_m, is_arm=True)
        elif isinstance(piece, SetAside) and away_m < HAND_M:
            piece = replace(piece, is_arm=True)
        told.append((mask, piece))
    return told


def _away_m(mask: Mask, other: Mask, seen: Revealed, camera: PinholeCamera) -> float:
    """How far two masks lie apart in the picture, at the first's distance."""
    if mask is other:
        return np.inf
    away_px = float(np.asarray(distance_transform_edt(~other))[mask].min())
    return away_px * float(np.median(seen.there_m[mask])) / float(camera.K[0, 0])


def _went_s(mask: Mask, seen: Revealed) -> float:
    return float(np.median(seen.went_s[mask & seen.gone]))


def _thinned(camera: PinholeCamera, step: int) -> PinholeCamera:
    """The camera of every ``step``-th pixel, from the first on."""
    K = camera.K.copy()
    K[:2] /= step
    return PinholeCamera(-(-camera.width // step), -(-camera.height // step), K)


def _enlarged(box: Box, step: int, camera: PinholeCamera) -> Box:
    """A box of the thinned image in the image's own pixels."""
    x0, y0, x1, y1 = (step * value for value in box)
    return x0, y0, min(x1, float(camera.width)), min(y1, float(camera.height))
