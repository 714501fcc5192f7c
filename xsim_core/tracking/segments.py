"""Cutting a track into the stretches in which the object moves."""

import numpy as np

from xsim_core.geometry import rotation_angle
from xsim_core.geometry.arrays import Flags, PerFrame, Segments, Times, Track

from .config import SegmentConfig


def speeds(
    T: Track, timestamps_s: Times, *, half_window_s: float = 0.1
) -> tuple[PerFrame, PerFrame]:
    """Linear (t,) m/s and angular (t,) rad/s speed by central differences over a window.

    It reaches to the neighbouring frames at least, however far apart they are.
    """
    after = np.searchsorted(timestamps_s, timestamps_s + half_window_s + 1e-9) - 1
    before = np.searchsorted(timestamps_s, timestamps_s - half_window_s - 1e-9)
    frames = np.arange(len(timestamps_s))
    after = np.maximum(after, np.minimum(frames + 1, len(frames) - 1))
    before = np.minimum(before, np.maximum(frames - 1, 0))
    span = np.maximum(timestamps_s[after] - timestamps_s[before], 1e-9)
    moved = np.linalg.norm(T[after, :3, 3] - T[before, :3, 3], axis=-1)
    turned = rotation_angle(T[before, :3, :3], T[after, :3, :3])
    still = after == before
    return np.where(still, 0, moved / span), np.where(still, 0, turned / span)


def motion_segments(T: Track, timestamps_s: Times, *, config: SegmentConfig) -> Segments:
    """Segments (s, 2) of [first, last] frames in which the object (t, 4, 4) moves, in order."""
    linear, angular = speeds(T, timestamps_s)
    is_start = (linear > config.start_speed_m_s) | (angular > config.start_speed_rad_s)
    is_moving = (linear > config.stop_speed_m_s) | (angular > config.stop_speed_rad_s)
    runs = [(a, b) for a, b in _runs(is_moving) if is_start[a : b + 1].any()]
    merged: list[tuple[int, int]] = []
    for a, b in runs:
        if merged and timestamps_s[a] - timestamps_s[merged[-1][1]] <= config.max_pause_s:
            merged[-1] = merged[-1][0], b
        else:
            merged.append((a, b))
    kept = [(a, b) for a, b in merged if _is_motion(T, timestamps_s, a, b, config)]
    return np.array(kept, np.int64).reshape(-1, 2)


def _runs(flags: Flags) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def _is_motion(T: Track, timestamps_s: Times, a: int, b: int, config: SegmentConfig) -> bool:
    if timestamps_s[b] - timestamps_s[a] < config.min_duration_s:
        return False
    path = T[a : b + 1, :3, 3] - T[a, :3, 3]
    turned = rotation_angle(T[a, :3, :3], T[a : b + 1, :3, :3])
    travel = np.linalg.norm(path, axis=-1).max()
    return bool(travel >= config.min_travel_m or turned.max() >= config.min_turn_rad)
