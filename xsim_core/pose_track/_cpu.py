"""The CPU backend: model-based tracking forward, backward to the start, and back for checking."""

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from xsim_core.artifacts import Capture
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import Progress
from xsim_core.tracking import LOST, OK, ObjectTracker, TrackedPose

from .config import PoseTrackConfig
from .raw_track import RawTrack, better_of

SAVE_EVERY_S = 3.0


def track_video(
    video: Video,
    mesh: TexturedMesh,
    summary: Capture,
    *,
    config: PoseTrackConfig,
    scratch: Path,
    report: Progress,
) -> RawTrack:
    """Poses of the object in every frame.

    Raises:
        BadInputError: when the object is not found in the capture's box, or what is found there
            does not stand up to the box and what is measured in it.
    """
    n, start = video.num_frames, summary.init_frame
    path = scratch / "forward.npz"
    track = RawTrack.load(path, n)
    run = _Run(video, mesh, config, report)
    if not track.is_done[start]:
        box = summary.init_box_xyxy
        first = ObjectTracker(mesh, video.camera, config.tracker)
        seen = video.rgb(start), video.depth_m(start)
        time_s = float(video.timestamps_s[start])
        is_drawn = config.check_first_pose
        track.put(start, first.initialise(*seen, box, time_s, is_drawn=is_drawn))
        if first.first_pose is not None:
            track.first_pose[:] = first.first_pose.figures
        track.save(path)
    run.follow(track, range(start, n), path, span=(0.02, 0.7 if _may_recheck(config) else 1.0))
    run.follow(track, range(start, -1, -1), path, span=(0.5, 0.7))
    if not _should_recheck(track, config):
        return track
    good = np.flatnonzero(track.status == OK)
    if len(good) == 0:
        return track
    path = scratch / "backward.npz"
    backward = RawTrack.load(path, n)
    last = int(good[-1])
    if not backward.is_done[last]:
        for name in ("T_cam_object", "status", "score", "visible_fraction"):
            getattr(backward, name)[last] = getattr(track, name)[last]
    run.follow(backward, range(last, start, -1), path, span=(0.7, 1.0))
    points = mesh.sample_surface(500, rng=np.random.default_rng(0))
    return better_of(track, backward, points)


def _may_recheck(config: PoseTrackConfig) -> bool:
    return config.backward_pass != "never"


def _should_recheck(track: RawTrack, config: PoseTrackConfig) -> bool:
    match config.backward_pass:
        case "never":
            return False
        case "always":
            return True
        case "when_poor":
            return bool((track.status != OK).any())


class _Run:
    """Tracks stretches of the video, resuming what is already done."""

    def __init__(
        self, video: Video, mesh: TexturedMesh, config: PoseTrackConfig, report: Progress
    ) -> None:
        self.video, self.mesh, self.config, self.report = video, mesh, config, report

    def follow(
        self, track: RawTrack, frames: Iterable[int], path: Path, *, span: tuple[float, float]
    ) -> None:
        """Track ``frames`` in order; the first must be done already."""
        order = list(frames)
        done = int(np.argmin([*track.is_done[order], False]))
        if done >= len(order):
            return
        tracker = ObjectTracker(self.mesh, self.video.camera, self.config.tracker)
        self._warm_up(tracker, track, order[:done])
        saved = started = time.monotonic()
        for k, i in enumerate(order[done:], start=done):
            pose = self._pose(tracker, i)
            track.put(i, pose)
            now = time.monotonic()
            if now - saved > SAVE_EVERY_S or k == len(order) - 1:
                track.save(path)
                saved = now
            share = span[0] + (span[1] - span[0]) * (k + 1) / len(order)
            fps = (k + 1 - done) / max(now - started, 1e-6)
            self.report(share, {"frame": i, "score": pose.score, "fps": fps})

    def _warm_up(self, tracker: ObjectTracker, track: RawTrack, done: list[int]) -> None:
        """Learn colours and lighting again from frames with known poses: first and latest."""
        good = [i for i in done if track.status[i] == OK] or done[:1]
        for i in dict.fromkeys([good[0], *good[-2:]]):
            tracker.set_pose(track.T_cam_object[i])
            tracker.track(self.video.rgb(i), self.video.depth_m(i))
        tracker.set_pose(track.T_cam_object[good[-1]], float(self.video.timestamps_s[good[-1]]))

    def _pose(self, tracker: ObjectTracker, i: int) -> TrackedPose:
        """What a frame tells; one that repeats the frame before tells nothing of its own time."""
        if self.video.is_repeat(i):
            return TrackedPose(tracker.T_cam_object, LOST, 0.0, 0.0)
        time_s = float(self.video.timestamps_s[i])
        return tracker.track(self.video.rgb(i), self.video.depth_m(i), time_s)
