"""A track under review: its film, what a person has changed so far, and what came of that."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from xsim_core.artifacts import Capture, ObjectTrack
from xsim_core.errors import BadInputError
from xsim_core.geometry import so3_exp
from xsim_core.geometry.arrays import SE3, Vector3
from xsim_core.pictures import png_bytes
from xsim_core.pose_track.finish import evidence
from xsim_core.pose_track.raw_track import RawTrack
from xsim_core.pose_track.world_track import Filmed, WorldTrack, in_world
from xsim_core.storage import OpenArtifact
from xsim_core.tracking import LOST, OK, STATUS_NAMES, ObjectTracker, RayCaster, draw_pose
from xsim_core.verdicts import TrackVerdict, judge_track

from .config import KeyPose, ReviewConfig
from .stage import check_pair, settings_of
from .track_again import judge_key, raw_of, track_again, with_cuts

Box = tuple[float, float, float, float]
NUM_TAUGHT = 3
"""Frames, the nearest that are ok, from which light and colours are learnt before a search."""
LEAST_PX = 4


@dataclass(frozen=True)
class Looked:
    """A pose that may become a key pose."""

    at: int
    T_cam_object: SE3
    """(4, 4)."""
    is_believed: bool
    """Whether mesh and pictures agree with it well enough."""
    sentence: str


class ReviewedFilm:
    """What is shown and changed; nothing is written before somebody decides."""

    def __init__(
        self,
        capture: OpenArtifact[Capture],
        track: OpenArtifact[ObjectTrack],
        earlier: ReviewConfig | None = None,
    ) -> None:
        """Open the film of a track.

        Args:
            capture: its film.
            track: as it was tracked.
            earlier: what was decided on it before, from which this review goes on.

        Raises:
            BadInputError: when the two do not belong together.
        """
        self.config = settings_of(track)
        check_pair(capture, track)
        self.capture, self.track = capture, track
        self.filmed = Filmed.of(capture, self.config)
        self.keys: dict[int, SE3] = {}
        self.cuts = [] if earlier is None else list(earlier.cuts)
        self.before = () if earlier is None else earlier.words
        self._before = self._again = raw_of(track)
        self._caster = RayCaster(self.filmed.mesh)
        self.frame_png = lru_cache(maxsize=64)(self._frame_png)
        self._world: WorldTrack | None = None
        if earlier is not None and earlier.key_poses:
            self._track_again({k.frame: np.array(k.T_cam_object) for k in earlier.key_poses})

    @property
    def num_frames(self) -> int:
        """Of the film."""
        return self.filmed.video.num_frames

    @property
    def raw(self) -> RawTrack:
        """With all key poses and cuts so far."""
        return with_cuts(self._again, self.cuts)

    @property
    def world(self) -> WorldTrack:
        """What the poses amount to so far.

        Raises:
            QualityGateError: when too little is left.
        """
        if self._world is None:
            raw, symmetry = self.raw, self.capture.summary.symmetry
            raw.status[self.filmed.is_repeat | self.filmed.path.is_unplaced] = LOST
            self._world = in_world(raw, self.filmed, symmetry, self.config)
        return self._world

    @property
    def verdict(self) -> TrackVerdict:
        """On what it amounts to so far."""
        before = self.track.summary
        apart_m = None if self.keys else before.passes_apart_m
        found = evidence(self.world, self.filmed.mesh, before.support_plane, apart_m)
        return judge_track(found)

    def state(self) -> dict[str, Any]:
        """All that the page draws, as plain values; positions (t, 3) in metres, world frame."""
        world = self.world
        T = world.T_world_object
        centre = T[:, :3, :3] @ self.filmed.mesh.centre + T[:, :3, 3]
        verdict = self.verdict
        return {
            "status": world.status.tolist(),
            "score": [round(float(s), 3) for s in world.score],
            "segments": world.segments.tolist(),
            "path": np.round(centre, 4).tolist(),
            "axes": np.round(T[:, :3, :3], 3).tolist(),
            "cuts": self.cuts,
            "keys": sorted(self.keys),
            "verdict": verdict.level,
            "reasons": [reason.sentence for reason in verdict.reasons],
        }

    @cached_property
    def setting(self) -> dict[str, Any]:
        """What stays: times, contacts as tracked, camera, table and the size of the object."""
        track, video = self.track, self.filmed.video
        has_contacts = "contacts" in track.array_names
        times_s = video.timestamps_s - video.timestamps_s[0]
        return {
            "times_s": np.round(times_s, 3).tolist(),
            "contacts": track.array("contacts").tolist() if has_contacts else [],
            "camera": np.round(self.filmed.path.world.T_world_cam, 4).tolist(),
            "plane": track.summary.support_plane,
            "size_m": self.filmed.mesh.diameter_m,
            "width": video.camera.width,
            "height": video.camera.height,
            "names": [STATUS_NAMES[k] for k in range(LOST + 1)],
        }

    def _frame_png(self, at: int) -> bytes:
        return png_bytes(np.asarray(self.filmed.video.rgb(at)), compress_level=1)

    def overlay_png(self, at: int) -> bytes:
        """A frame with the mesh as the track has it: smoothed, as later stages use it."""
        self._check_frame(at)
        world, path = self.world, self.filmed.path
        in_main = np.linalg.inv(path.world.T_world_cam) @ world.T_world_object
        T = path.from_main(in_main)[at]
        return self._drawn(at, T, int(world.status[at]))

    def looked_png(self, looked: Looked) -> bytes:
        """The frame with a pose that may become a key pose."""
        status = OK if looked.is_believed else LOST
        return self._drawn(looked.at, looked.T_cam_object, status)

    def _drawn(self, at: int, T: SE3, status: int) -> bytes:
        rgb, camera = np.asarray(self.filmed.video.rgb(at)), self.filmed.video.camera
        drawn = draw_pose(rgb, T, caster=self._caster, camera=camera, status=status)
        return png_bytes(drawn, compress_level=1)

    def here(self, at: int) -> Looked:
        """The pose as it stands, to begin from."""
        self._check_frame(at)
        return self._looked(at, self._again.T_cam_object[at])

    def in_box(self, at: int, box_xyxy: Box) -> Looked:
        """Look for the object in a box of a frame, however it is turned.

        Args:
            at: the frame.
            box_xyxy: left, top, right, bottom in pixels, around the object; a hand may be in it.

        Raises:
            BadInputError: when the box is none, or nothing in it is measured.
        """
        self._check_frame(at)
        camera = self.filmed.video.camera
        left, top, right, bottom = box_xyxy
        inside = left >= 0 and top >= 0 and right <= camera.width and bottom <= camera.height
        if not (inside and right - left >= LEAST_PX and bottom - top >= LEAST_PX):
            raise BadInputError(
                f"{list(box_xyxy)} is not a box (left, top, right, bottom) of at least {LEAST_PX} "
                f"pixels in the {camera.width}x{camera.height} image"
            )
        tracker = self._tracker(at)
        try:
            tracker.initialise(*self._seen(at), box_xyxy, is_drawn=False)
        except BadInputError as error:
            if tracker.best_pose is None:
                raise
            return Looked(at, tracker.best_pose, is_believed=False, sentence=str(error))
        assert tracker.best_pose is not None
        return self._looked(at, tracker.best_pose)

    def moved(self, looked: Looked, shift_m: Vector3, turn_rad: Vector3) -> Looked:
        """A pose moved along the camera's axes, and turned about them at the object's centre.

        Args:
            looked: the pose.
            shift_m: (3,) right, down, away.
            turn_rad: (3,) rotation vector in the camera's frame.
        """
        T, centre = looked.T_cam_object.copy(), self.filmed.mesh.centre
        middle = T[:3, :3] @ centre + T[:3, 3]
        T[:3, :3] = so3_exp(turn_rad) @ T[:3, :3]
        T[:3, 3] = middle + np.asarray(shift_m, np.float64) - T[:3, :3] @ centre
        return self._looked(looked.at, T)

    def fitted(self, looked: Looked) -> Looked:
        """Where the mesh fits best near a pose."""
        tracker = self._tracker(looked.at)
        tracker.set_pose(looked.T_cam_object)
        found = tracker.track(*self._seen(looked.at))
        T = looked.T_cam_object if found.status == LOST else found.T_cam_object
        return self._looked(looked.at, T)

    def set_key(self, looked: Looked) -> None:
        """Take a pose over and track again between and around all that were set.

        Raises:
            BadInputError: when mesh and pictures do not agree with it.
            QualityGateError: when too little of the track is left; then nothing changes.
        """
        keys = {**self.keys, looked.at: looked.T_cam_object}
        self._track_again(keys)

    def drop_key(self, at: int) -> None:
        """Take a key pose back."""
        self._track_again({k: T for k, T in self.keys.items() if k != at})

    def cut(self, first: int, last: int) -> None:
        """Leave frames out, from the first to the last; both stay in the film, as lost.

        Raises:
            BadInputError: when there are no such frames.
            QualityGateError: when too little is left; then nothing is cut.
        """
        first, last = min(first, last), max(first, last)
        self._check_frame(first)
        self._check_frame(last)
        self._with_cuts([*self.cuts, (first, last)])

    def uncut(self, at: int) -> None:
        """Take back the cuts that a frame lies in."""
        self._with_cuts([(a, b) for a, b in self.cuts if not a <= at <= b])

    def decision(self, author: str, note: str) -> ReviewConfig:
        """As it stands.

        Raises:
            ValueError: without an author or a note (pydantic's).
        """
        poses = tuple(
            KeyPose(frame=k, T_cam_object=tuple(map(tuple, T.tolist())))  # type: ignore[arg-type]
            for k, T in sorted(self.keys.items())
        )
        cuts = tuple(sorted(self.cuts))
        return ReviewConfig(
            author=author, note=note, key_poses=poses, cuts=cuts, before=self.before
        )

    def _with_cuts(self, cuts: list[tuple[int, int]]) -> None:
        self._decide(self._again, self.keys, cuts)

    def _track_again(self, keys: dict[int, SE3]) -> None:
        again = track_again(self._before, keys, self.filmed, self.config, lambda *_: None)
        self._decide(again, keys, self.cuts)

    def _decide(self, again: RawTrack, keys: dict[int, SE3], cuts: list[tuple[int, int]]) -> None:
        """Take this over, unless too little of the track is left; then nothing changes."""
        before = self._again, self.keys, self.cuts
        self._again, self.keys, self.cuts, self._world = again, keys, cuts, None
        try:
            _ = self.world
        except Exception:
            (self._again, self.keys, self.cuts), self._world = before, None
            raise

    def _looked(self, at: int, T: SE3) -> Looked:
        try:
            judged = judge_key(at, T, self.filmed, self.config)
        except BadInputError as error:
            return Looked(at, T, is_believed=False, sentence=str(error))
        said = f"mesh and pictures agree by {judged.score:.2f}"
        return Looked(at, T, is_believed=True, sentence=said)

    def _tracker(self, at: int) -> ObjectTracker:
        """One that knows light and colours from the nearest frames that are ok."""
        tracker = ObjectTracker(self.filmed.mesh, self.filmed.video.camera, self.config.tracker)
        good = np.flatnonzero(self._again.status == OK)
        for i in sorted(good.tolist(), key=lambda k: abs(k - at))[:NUM_TAUGHT]:
            tracker.judge(self._again.T_cam_object[i], *self._seen(i))
        return tracker

    def _seen(self, at: int) -> tuple[Any, Any]:
        return self.filmed.video.rgb(at), self.filmed.video.depth_m(at)

    def _check_frame(self, at: int) -> None:
        if not 0 <= at < self.num_frames:
            raise BadInputError(f"there is no frame {at}; the film has {self.num_frames}")
