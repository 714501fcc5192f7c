"""When something touches the object: a hand, a gripper, seen by its depth beside the object's.

In every frame of a still camera the pixels that are neither the room's nor the object's, and lie
near the object, are of what may touch it. What a camera sees of a finger is the side turned to it,
a finger's thickness or less from where it touches: it counts as touching from ``TOUCH_M`` on.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xsim_core.geometry import TexturedMesh
from xsim_core.tracking import LOST, RayCaster
from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.raycast import Rendering
from xsim_core.tracking.terms import depth_sigma

from .background import farthest_agreed, tolerance_m
from .frames import Video

Floats = NDArray[np.float32]

NEAR_M = 0.06
"""How far around the object is looked."""
TOUCH_M, NOISES = 0.012, 1.0
"""Nearer than this plus so many standard deviations of the depth is touching."""
NEAREST_M2, LEAST_PIXELS = 35e-6, 6
"""Its distance is that of the nearest so much of its area, and so many pixels at least: of fewer
outliers would tell."""
ROOM_FRAMES = 48
SURFACE_POINTS = 6000
PAUSE_S, LEAST_S = 0.25, 0.12
"""Shorter pauses belong to a contact; shorter contacts are none."""


@dataclass(frozen=True)
class Contacts:
    """What was seen near the object."""

    gap_m: Floats
    """(t,) distance of what is nearest to its surface; NaN: nothing is near, or it is not known."""
    touches: NDArray[np.int64]
    """(c, 2) first and last frame of each contact."""


def find_contacts(
    video: Video,
    mesh: TexturedMesh,
    T_cam_object: NDArray[np.floating],
    status: NDArray[np.int8],
    segments: NDArray[np.int64],
    *,
    config: TrackerConfig | None = None,
) -> Contacts:
    """Measure how near anything comes to the tracked object.

    What moves while it is touched is touched for as long as it moves: fingers behind it or in the
    air are not seen in every frame.

    Args:
        video: of a camera that stands still in one place.
        mesh: of the object.
        T_cam_object: (t, 4, 4) its track.
        status: (t,) of it; lost frames tell nothing.
        segments: (s, 2) first and last frames of its motions.
        config: tells the depth's noise.
    """
    config = config or TrackerConfig()
    chosen = np.linspace(0, video.num_frames - 1, min(ROOM_FRAMES, video.num_frames))
    frames = np.unique(chosen.round().astype(int)).tolist()
    room_m = farthest_agreed(np.stack([np.asarray(video.depth_frames[i]) for i in frames]))
    looker = _Looker(video, mesh, room_m, config)
    gap_m = np.full(video.num_frames, np.nan, np.float32)
    touches = np.zeros(video.num_frames, bool)
    for i in np.flatnonzero(status != LOST).tolist():
        gap_m[i], limit_m = looker.gap_m(i, T_cam_object[i])
        touches[i] = gap_m[i] < limit_m
    for first, last in segments.tolist():
        if touches[first : last + 1].any():
            touches[first : last + 1] = True
    return Contacts(gap_m, stretches(touches, video.timestamps_s))


def stretches(touches: NDArray[np.bool_], timestamps_s: NDArray[np.floating]) -> NDArray[np.int64]:
    """First and last frames (c, 2) of flagged stretches (t,); short pauses and blips left out."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], touches, [False]]).astype(int)))
    merged: list[list[int]] = []
    for first, end in edges.reshape(-1, 2).tolist():
        if merged and timestamps_s[first] - timestamps_s[merged[-1][1]] <= PAUSE_S:
            merged[-1][1] = end - 1
        else:
            merged.append([first, end - 1])
    kept = [(a, b) for a, b in merged if timestamps_s[b] - timestamps_s[a] >= LEAST_S]
    return np.array(kept, np.int64).reshape(-1, 2)


class _Looker:
    """Measures one frame after another."""

    def __init__(
        self, video: Video, mesh: TexturedMesh, room_m: Floats, config: TrackerConfig
    ) -> None:
        self.video, self.room_m, self.config = video, room_m, config
        self._caster = RayCaster(mesh)
        rng = np.random.default_rng(0)
        self._surface = cKDTree(mesh.sample_surface(SURFACE_POINTS, rng=rng))

    def gap_m(self, i: int, T_cam_object: NDArray[np.floating]) -> tuple[float, float]:
        """How near anything is to the object, NaN for nothing, and what counts as touching."""
        camera = self.video.camera
        shown = self._caster.render(np.asarray(T_cam_object, np.float64), camera, margin_px=3)
        if len(shown.pixels) == 0:
            return np.nan, 0.0
        z_m = float(np.median(shown.points_cam[:, 2]))
        limit_m = TOUCH_M + NOISES * float(depth_sigma(np.array([z_m]), self.config)[0])
        reach = int(NEAR_M * float(camera.K[0, 0]) / z_m) + 2
        low = np.maximum(shown.pixels.min(0) - reach, 0)
        high = np.minimum(shown.pixels.max(0) + reach + 1, [camera.width, camera.height])
        depth_m = self.video.depth_m(i)[low[1] : high[1], low[0] : high[0]]
        foreign = self._foreign(depth_m, low, shown)
        rows, columns = np.nonzero(foreign)
        pixels = np.stack([columns + low[0], rows + low[1], np.ones(len(rows))], axis=-1)
        points = (pixels @ np.linalg.inv(camera.K).T) * depth_m[foreign][:, None]
        local = (points - T_cam_object[:3, 3]) @ T_cam_object[:3, :3]
        away_m = np.asarray(self._surface.query(local)[0]) if len(local) else np.zeros(0)
        away_m = np.sort(away_m[away_m < NEAR_M])
        pixel_m = z_m / float(camera.K[0, 0])
        nearest = max(LEAST_PIXELS, round(NEAREST_M2 / pixel_m**2))
        if len(away_m) <= nearest:
            return np.nan, limit_m
        return float(away_m[nearest]), limit_m

    def _foreign(
        self, depth_m: Floats, low: NDArray[np.integer], shown: Rendering
    ) -> NDArray[np.bool_]:
        """Pixels of a cut at ``low`` before the room that are not the object's."""
        room_m = self.room_m[low[1] :, low[0] :][: depth_m.shape[0], : depth_m.shape[1]]
        before_room = (depth_m > 0) & (depth_m < room_m - tolerance_m(room_m))
        own_m = np.zeros(depth_m.shape, np.float32)
        u, v = (shown.pixels - low).T
        own_m[v, u] = shown.points_cam[:, 2]
        is_own = cv2.dilate((own_m > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        before_own = (own_m > 0) & (depth_m < own_m - tolerance_m(own_m))
        found = (before_room & (before_own | ~is_own)).astype(np.uint8)
        return np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)
