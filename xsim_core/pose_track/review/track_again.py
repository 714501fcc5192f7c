"""Track a film again between key poses that a person set, and around them."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack
from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import SE3
from xsim_core.pose_track.config import PoseTrackConfig
from xsim_core.pose_track.raw_track import RawTrack, better_of
from xsim_core.pose_track.world_track import Filmed
from xsim_core.storage import OpenArtifact, Progress
from xsim_core.tracking import INTERPOLATED, LOST, OK, ObjectTracker, TrackedPose, add_m

NUM_MET, MET_SHARE = 3, 0.05
"""Outside of all key poses tracking goes on until it agrees with what was there in so many frames
in a row, by so much of the object's size (ADD): from there on what was there stays."""


def raw_of(track: OpenArtifact[ObjectTrack]) -> RawTrack:
    """A finished track as it was before short gaps were filled."""
    status = track.array("status").astype(np.int8)
    status[status == INTERPOLATED] = LOST
    apart_m = track.summary.passes_apart_m
    return RawTrack(
        track.array("T_cam_object").astype(np.float64),
        status,
        track.array("score").astype(np.float32),
        np.zeros(len(status), np.float32),
        passes_apart_m=np.full(1, np.nan if apart_m is None else apart_m),
    )


def track_again(
    raw: RawTrack,
    keys: Mapping[int, SE3],
    filmed: Filmed,
    config: PoseTrackConfig,
    report: Progress,
) -> RawTrack:
    """The track with every stretch between key poses, and around them, tracked again.

    Between two of them the film is tracked from both, and each frame's better pose is kept.

    Args:
        raw: of t frames; stays as it is.
        keys: frame to pose (4, 4) in that frame's camera.
        filmed: film and mesh.
        config: settings.
        report: is told how far it is.

    Raises:
        BadInputError: when there is no such frame, or mesh and pictures do not agree with a pose.
    """
    again = _Again(raw, filmed, config)
    frames = sorted(keys)
    for frame in frames:
        again.set_key(frame, keys[frame])
    for k, (first, last) in enumerate(pairwise(frames)):
        again.between(first, last, keys)
        report((k + 1) / (len(frames) + 1), {"frame": last})
    if frames:
        again.outwards(frames[-1], range(frames[-1] + 1, filmed.video.num_frames), keys)
        again.outwards(frames[0], range(frames[0] - 1, -1, -1), keys)
    report(1.0, {})
    return again.made


def with_cuts(raw: RawTrack, cuts: Iterable[tuple[int, int]]) -> RawTrack:
    """The track with what is cut out of it lost.

    Raises:
        BadInputError: when there are no such frames.
    """
    made = _copy(raw)
    for first, last in cuts:
        if last >= len(raw.status):
            raise BadInputError(
                f"frames {first} to {last} cannot be cut: the film ends with {len(raw.status) - 1}"
            )
        made.status[first : last + 1] = LOST
    return made


def judge_key(frame: int, T: SE3, filmed: Filmed, config: PoseTrackConfig) -> TrackedPose:
    """Hold a key pose against its frame.

    Raises:
        BadInputError: when there is no such frame, or mesh and pictures do not agree with it.
    """
    return _key(ObjectTracker(filmed.mesh, filmed.video.camera, config.tracker), frame, T, filmed)


def _key(tracker: ObjectTracker, frame: int, T: SE3, filmed: Filmed) -> TrackedPose:
    video = filmed.video
    if frame >= video.num_frames:
        raise BadInputError(f"there is no frame {frame}; the film has {video.num_frames}")
    judged = tracker.judge(T, video.rgb(frame), video.depth_m(frame))
    least = tracker.config.min_init_score
    if judged.status == LOST or judged.score < least:
        raise BadInputError(
            f"the pose set in frame {frame} is not the object's: mesh and pictures agree by "
            f"{judged.score:.2f} there, {least:.2f} is needed. Set it more closely, or in a frame "
            "in which more of the object is seen; what nobody can see is cut"
        )
    return judged


class _Again:
    """The track in the making."""

    def __init__(self, raw: RawTrack, filmed: Filmed, config: PoseTrackConfig) -> None:
        self.before, self.made = raw, _copy(raw)
        self._filmed, self._config = filmed, config
        self._points = filmed.mesh.sample_surface(500, rng=np.random.default_rng(0))

    def set_key(self, frame: int, T: SE3) -> None:
        """What a person set."""
        self.made.put(frame, judge_key(frame, T, self._filmed, self._config))

    def between(self, first: int, last: int, keys: Mapping[int, SE3]) -> None:
        """From both key poses; the better of the two in each frame."""
        forward, backward = _copy(self.made), _copy(self.made)
        inner = range(first + 1, last)
        self._follow(forward, first, keys, inner)
        self._follow(backward, last, keys, reversed(inner))
        best = better_of(forward, backward, self._points)
        for i in inner:
            self._take(best, i)

    def outwards(self, key: int, frames: range, keys: Mapping[int, SE3]) -> None:
        """Until the track that was there is met."""
        self._follow(self.made, key, keys, frames, until_met=True)

    def _follow(
        self,
        track: RawTrack,
        key: int,
        keys: Mapping[int, SE3],
        frames: Iterable[int],
        *,
        until_met: bool = False,
    ) -> None:
        video = self._filmed.video
        tracker = ObjectTracker(self._filmed.mesh, video.camera, self._config.tracker)
        for other in (k for k in keys if k != key):  # The same light and colours everywhere.
            _key(tracker, other, keys[other], self._filmed)
        _key(tracker, key, keys[key], self._filmed)
        tracker.set_pose(keys[key], float(video.timestamps_s[key]))
        met = 0
        for i in frames:
            if self._filmed.is_repeat[i]:
                track.put(i, TrackedPose(tracker.T_cam_object, LOST, 0.0, 0.0))
                continue
            time_s = float(video.timestamps_s[i])
            track.put(i, tracker.track(video.rgb(i), video.depth_m(i), time_s))
            met = met + 1 if until_met and self._meets(track, i) else 0
            if met >= NUM_MET:
                return

    def _meets(self, track: RawTrack, i: int) -> bool:
        if track.status[i] != OK or self.before.status[i] != OK:
            return False
        pair = track.T_cam_object[i : i + 1], self.before.T_cam_object[i : i + 1]
        return bool(add_m(*pair, self._points)[0] < MET_SHARE * self._filmed.mesh.diameter_m)

    def _take(self, other: RawTrack, i: int) -> None:
        for name in ("T_cam_object", "status", "score", "visible_fraction"):
            ours: NDArray[np.generic] = getattr(self.made, name)
            ours[i] = getattr(other, name)[i]


def _copy(raw: RawTrack) -> RawTrack:
    names = ("T_cam_object", "status", "score", "visible_fraction", "first_pose", "passes_apart_m")
    return RawTrack(*(getattr(raw, name).copy() for name in names))
