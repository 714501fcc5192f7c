"""Stretches in which an outside tracker lost the object, and where it may register it again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.tracking import LOST, OK, ObjectTracker, RayCaster

from .config import PoseTrackConfig
from .raw_track import RawTrack

NUM_LEARNT = 3
"""Good frames beside a stretch from which the object's looks are learnt."""
AGREES_M = 0.02


@dataclass(frozen=True)
class LostStretch:
    """Frames ``first`` to ``last``, lost one and all, and one of them that shows the object."""

    first: int
    last: int
    register: int
    mask: NDArray[np.bool_]
    """(h, w) where ``register`` shows the object."""


def lost_stretches(
    track: RawTrack, video: Video, mesh: TexturedMesh, config: PoseTrackConfig
) -> list[LostStretch]:
    """Where to register again: the frame in which the CPU's tracker finds the object first.

    A stretch in which it does not find it either, or without a good frame beside it, is left out.
    """
    is_lost = track.status == LOST
    edges = np.flatnonzero(np.diff(np.r_[False, is_lost, False].astype(int)))
    found, caster = [], RayCaster(mesh)
    for first, behind in edges.reshape(-1, 2).tolist():
        at = _found_in(track, range(first, behind), video, mesh, config)
        if at is None:
            continue
        frame, T = at
        shown = caster.render(T, video.camera)
        gap_m = shown.at_hits(video.depth_m(frame)) - shown.points_cam[:, 2]
        mask = np.zeros((video.camera.height, video.camera.width), bool)
        u, v = shown.pixels[np.abs(gap_m) < AGREES_M].T
        mask[v, u] = True
        found.append(LostStretch(first, behind - 1, frame, mask))
    return found


def _found_in(
    track: RawTrack, frames: range, video: Video, mesh: TexturedMesh, config: PoseTrackConfig
) -> tuple[int, NDArray[np.float64]] | None:
    """First frame from the good ones on in which the object is seen for sure, and its pose."""
    good = np.flatnonzero(track.status == OK)
    before, after = good[good < frames.start][-NUM_LEARNT:], good[good >= frames.stop][:NUM_LEARNT]
    order = list(frames)
    if len(before) == 0:
        before, order = after[::-1], order[::-1]
    if len(before) == 0:
        return None
    tracker = ObjectTracker(mesh, video.camera, config.tracker)
    for i in before.tolist():
        tracker.judge(track.T_cam_object[i], video.rgb(i), video.depth_m(i))
    last = int(before[-1])
    tracker.set_pose(track.T_cam_object[last], float(video.timestamps_s[last]))
    for i in order:
        if video.is_repeat(i):
            continue
        pose = tracker.track(video.rgb(i), video.depth_m(i), float(video.timestamps_s[i]))
        if pose.status == OK:
            return i, pose.T_cam_object
    return None
