"""Per-frame results of a backend, before smoothing; kept in scratch while tracking runs."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.scratch import read_arrays, write_arrays
from xsim_core.tracking import LOST, OK, TrackedPose, add_m


@dataclass(frozen=True)
class RawTrack:
    """Poses and evidence of t frames; frames not tracked yet are lost with score -1."""

    T_cam_object: NDArray[np.float64]
    """(t, 4, 4)."""
    status: NDArray[np.int8]
    """(t,)."""
    score: NDArray[np.float32]
    """(t,)."""
    visible_fraction: NDArray[np.float32]
    """(t,)."""
    first_pose: NDArray[np.float64] = field(default_factory=lambda: np.full(5, np.nan))
    """What ``FirstPose.figures`` says; NaN where nobody searched for a first pose."""
    passes_apart_m: NDArray[np.float64] = field(default_factory=lambda: np.full(1, np.nan))
    """(1,): how far two passes disagree (ADD, 95th percentile); NaN where there was one."""

    @staticmethod
    def empty(num_frames: int) -> "RawTrack":
        """No frame tracked yet."""
        return RawTrack(
            np.tile(np.eye(4), (num_frames, 1, 1)),
            np.full(num_frames, LOST, np.int8),
            np.full(num_frames, -1, np.float32),
            np.zeros(num_frames, np.float32),
        )

    @property
    def is_done(self) -> NDArray[np.bool_]:
        """Which frames (t,) have been tracked."""
        return self.score >= 0

    def put(self, i: int, pose: TrackedPose) -> None:
        """Record one frame."""
        self.T_cam_object[i], self.status[i] = pose.T_cam_object, pose.status
        self.score[i], self.visible_fraction[i] = pose.score, pose.visible_fraction

    def save(self, path: Path) -> None:
        """Write without pickle."""
        write_arrays(path, {f.name: getattr(self, f.name) for f in fields(self)})

    @staticmethod
    def load(path: Path, num_frames: int) -> "RawTrack":
        """What an interrupted run left, or an empty track."""
        arrays = read_arrays(path)
        names = {f.name for f in fields(RawTrack)}
        if arrays is None or set(arrays) != names or len(arrays["status"]) != num_frames:
            return RawTrack.empty(num_frames)
        return RawTrack(**arrays)


def better_of(a: RawTrack, b: RawTrack, points: NDArray[np.floating]) -> RawTrack:
    """Per frame the pose with the better status, then the higher score.

    By the mesh's points (n, 3) it is also told how far the two lie apart where both are sure.
    """
    a_ok, b_ok = a.status == OK, b.status == OK
    both = a_ok & b_ok & b.is_done
    apart_m = add_m(a.T_cam_object[both], b.T_cam_object[both], points)
    take_b = b.is_done & ((b_ok & ~a_ok) | ((b_ok == a_ok) & (b.score > a.score + 0.02)))
    return RawTrack(
        np.where(take_b[:, None, None], b.T_cam_object, a.T_cam_object),
        np.where(take_b, b.status, a.status),
        np.where(take_b, b.score, a.score),
        np.where(take_b, b.visible_fraction, a.visible_fraction),
        a.first_pose,
        np.array([np.quantile(apart_m, 0.95) if len(apart_m) else np.nan]),
    )
