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

from .standing import (
    MAX_SIZE_M,
    MIN_PIXELS,
    Box,
    DepthM,
    Mask,
    SetAside,
    Standing,
    judged,
    opened,
    standing_at,
)

MAX_FRAMES = 64
"""Spread over the film; the memory of one frame is what is held of all."""
STILL_S, MAX_FIRST = 0.34, 5
"""How long a thing stands still from the moment on at least, and how many frames tell."""
COLUMNS = 640
"""Larger images are thinned to about so many columns."""
GONE_FRAMES = 3
"""In which a surface behind must be seen; 2 in films of fewer than 20 frames."""
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


@dataclass(frozen=True)
class _Seen:
    """What the frames say of each pixel (h, w) of the moment."""

    there_m: DepthM
    num_first: int
    gone: Mask
    """A surface behind was seen, often enough."""
    is_still: Mask
    """And nothing of it at the moment itself."""
    comes: Mask
    """Something nearer comes at the moment itself."""
    went_s: NDArray[np.float64]
    """When it was first seen often enough."""
    stays: float
    max_size_m: float
    """What is larger is no thing."""


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
    seen = replace(_look(depth_mm, timestamps_s, frame, step), max_size_m=max_size_m)
    if seen.stays < MIN_STAYS:
        return MovedAway((), (), seen.stays)
    pieces = _merged(_pieces(seen, thin, config), seen, thin)
    found = [item for _, item in _without_arms(pieces, seen, thin)]
    found = [replace(f, box_xyxy=_enlarged(f.box_xyxy, step, camera)) for f in found]
    things = tuple(f for f in found if isinstance(f, Standing))
    return MovedAway(things, tuple(f for f in found if isinstance(f, SetAside)), seen.stays)


def _look(
    depth_mm: Sequence[NDArray[np.uint16]] | NDArray[np.uint16],
    timestamps_s: NDArray[np.floating],
    frame: int,
    step: int,
) -> _Seen:
    """Go through the frames, one at a time."""

    def metres(i: int) -> DepthM:
        return np.asarray(depth_mm[i][::step, ::step]).astype(np.float32) * np.float32(1e-3)

    num, since_s = len(timestamps_s), np.asarray(timestamps_s) - timestamps_s[frame]
    at_moment = np.flatnonzero((since_s >= 0) & (since_s <= STILL_S))
    first = _spread(at_moment, min(MAX_FIRST, max(1, num // 8)))
    others = _spread(np.setdiff1d(np.arange(num), at_moment), MAX_FRAMES)
    moment = np.stack([metres(i) for i in first.tolist()])
    there_m = _median(moment)
    near_m = np.float32(0.003) + np.float32(0.006) * there_m * there_m
    least = GONE_FRAMES if num >= 20 else 2
    count, went_s, stays = np.zeros(there_m.shape, np.int32), np.full(there_m.shape, np.inf), [1.0]
    for i in others.tolist():
        now_m = metres(i)
        count += now_m - there_m > near_m
        went_s[(count == least) & ~np.isfinite(went_s)] = timestamps_s[i]
        is_known = (there_m > 0) & (now_m > 0)
        if is_known.any():
            stays.append(float((np.abs(now_m - there_m) < near_m)[is_known].mean()))
    gone = (there_m > 0) & (count >= least)
    is_still = gone & ~((moment - there_m) > near_m).any(0)
    nearer = (moment[-1] > 0) & (moment[0] - moment[-1] > near_m)
    return _Seen(
        there_m=there_m,
        num_first=len(first),
        gone=gone,
        is_still=is_still,
        comes=opened(nearer),
        went_s=went_s,
        stays=float(np.median(stays[1:] or stays)),
        max_size_m=MAX_SIZE_M,
    )


def _pieces(seen: _Seen, camera: PinholeCamera, config: TrackerConfig) -> list[Piece]:
    """What the pixels that were left are of, most pixels first; each thing once."""
    found: list[Piece] = []
    for region in _regions(seen.gone):
        if not any(isinstance(f, Standing) and _is_of(region, f) for _, f in found):
            piece = _thing(region, seen, camera, config)
            mask = piece.mask if isinstance(piece, Standing) else region
            found.append((mask, piece))
    return found


def _thing(
    region: Mask, seen: _Seen, camera: PinholeCamera, config: TrackerConfig
) -> Standing | SetAside:
    points = camera.unproject(seen.there_m)
    alone = judged(region, seen.there_m, points, seen.max_size_m)
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
        max_size_m=seen.max_size_m,
        config=config,
    )
    if isinstance(thing, SetAside):
        return replace(thing, diameter_m=alone.diameter_m)
    if (share := float(seen.gone[thing.mask].mean())) < MIN_LEFT:
        why = f"stands there with {100 * (1 - share):.0f} % of it where nothing went away"
        return SetAside(thing.box_xyxy, why, alone.diameter_m)
    return judged(thing.mask | region, seen.there_m, points, seen.max_size_m)


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


def _merged(pieces: list[Piece], seen: _Seen, camera: PinholeCamera) -> list[Piece]:
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
                kept[k] = both, judged(both, seen.there_m, points, seen.max_size_m)
                break
        else:
            kept.append((mask, piece))
    return kept


def _without_arms(pieces: list[Piece], seen: _Seen, camera: PinholeCamera) -> list[Piece]:
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


def _away_m(mask: Mask, other: Mask, seen: _Seen, camera: PinholeCamera) -> float:
    """How far two masks lie apart in the picture, at the first's distance."""
    if mask is other:
        return np.inf
    away_px = float(np.asarray(distance_transform_edt(~other))[mask].min())
    return away_px * float(np.median(seen.there_m[mask])) / float(camera.K[0, 0])


def _went_s(mask: Mask, seen: _Seen) -> float:
    return float(np.median(seen.went_s[mask & seen.gone]))


def _spread(numbers: NDArray[np.int64], at_most: int) -> NDArray[np.int64]:
    if len(numbers) <= at_most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, at_most).round().astype(int)]


def _median(depths_m: DepthM) -> DepthM:
    """Over frames (n, h, w), of what was measured; 0 where most have no measurement."""
    known = (depths_m > 0).sum(0) * 2 > len(depths_m)
    middle = np.zeros(depths_m.shape[1:], np.float32)
    of_known = depths_m[:, known]
    middle[known] = np.nanmedian(np.where(of_known > 0, of_known, np.nan), axis=0)
    return middle


def _thinned(camera: PinholeCamera, step: int) -> PinholeCamera:
    """The camera of every ``step``-th pixel, from the first on."""
    K = camera.K.copy()
    K[:2] /= step
    return PinholeCamera(-(-camera.width // step), -(-camera.height // step), K)


def _enlarged(box: Box, step: int, camera: PinholeCamera) -> Box:
    """A box of the thinned image in the image's own pixels."""
    x0, y0, x1, y1 = (step * value for value in box)
    return x0, y0, min(x1, float(camera.width)), min(y1, float(camera.height))
