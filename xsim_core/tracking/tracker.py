"""Follow a known rigid object through an RGB-D video, one frame after the other."""

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, TexturedMesh
from xsim_core.geometry.arrays import SE3, DepthImage, RgbImage

from .appearance import Appearance, ColourModel, Lighting
from .config import TrackerConfig
from .experience import Experience
from .fitting import PoseFitter
from .frame import Frame
from .initialisation.first_pose import FirstPose, examine, objection
from .initialisation.initialise import (
    IN_SLIVERS,
    PLAINLY,
    candidate_boxes,
    initial_poses,
    level_of_box,
)
from .initialisation.search import moved_to_boxes, starts_around
from .motion import RecentMotion
from .raycast import RayCaster
from .refine import ObjectModel, refine
from .tracked_pose import LOST, OCCLUDED, OK, TrackedPose
from .verify import Verdict

_COARSE = ((0.06, 16), (0.04, 12))
"""Rounds before the usual ones, for starts that are far off."""


class ObjectTracker:
    """A model-based RGB-D tracker on the CPU; deterministic.

    Call ``initialise`` or ``set_pose`` once, then ``track`` frame by frame.
    """

    def __init__(
        self, mesh: TexturedMesh, camera: PinholeCamera, config: TrackerConfig | None = None
    ) -> None:
        """Prepare the mesh for ray casting."""
        self.mesh, self.camera = mesh, camera
        self.config = config or TrackerConfig()
        self._model = ObjectModel(
            RayCaster(mesh), Appearance(mesh), ColourModel(), Lighting.neutral()
        )
        self._fitter = PoseFitter(self._model, self.config)
        self._recent: RecentMotion | None = None
        self._experience = Experience(self.config)
        self.first_pose: FirstPose | None = None
        """What ``initialise`` found in a box that was drawn."""
        self.best_pose: SE3 | None = None
        """The pose (4, 4) that ``initialise`` found to fit best, believed or not."""

    def initialise(
        self,
        rgb: RgbImage,
        depth_m: DepthImage,
        box_xyxy: tuple[float, float, float, float],
        time_s: float | None = None,
        *,
        is_drawn: bool = True,
    ) -> TrackedPose:
        """Find the object in a box of a frame.

        Args:
            rgb: (h, w, 3).
            depth_m: (h, w), 0 = no measurement.
            box_xyxy: the box a person drew around the object, pixels.
            time_s: as in ``track``.
            is_drawn: whether the box was drawn around the object, so that a pose has to fill it
                and to cover what stands there (``first_pose``); False where the object is only
                expected somewhere in the box.

        Raises:
            BadInputError: when there is no depth in the box or the object is not found there: the
                best pose scores too low or, in a drawn box, does not stand up to it.
        """
        frame = self._frame(rgb, depth_m)
        poses = initial_poses(frame, box_xyxy, self._model, config=self.config)
        T, found = poses[0]
        self.best_pose = T
        if is_drawn:
            level, box = level_of_box(frame, box_xyxy, self.config)
            self.first_pose = examine(poses, level, box, self._model, config=self.config)
        against = self._against(found)
        if against:
            raise BadInputError(
                f"the object was not found in the box {tuple(round(b) for b in box_xyxy)}: "
                f"{against}."
            )
        self.set_pose(T, time_s)
        return self._accept(T, found)

    def _frame(self, rgb: RgbImage, depth_m: DepthImage) -> Frame:
        return Frame(rgb, depth_m, self.camera, engine=self.config.engine)

    def _against(self, found: Verdict) -> str | None:
        """What speaks against the first pose, None where nothing does."""
        against = objection(self.first_pose) if self.first_pose else None
        if against is None and found.score < self.config.min_init_score:
            return (
                f"the best of all poses scores {found.score:.2f}, {self.config.min_init_score:.2f} "
                "is needed. Check the box, the mesh and its unit (metres)"
            )
        return against

    @property
    def T_cam_object(self) -> SE3:
        """The latest pose (4, 4) that was believed.

        Raises:
            BadInputError: when there was neither ``initialise`` nor ``set_pose``.
        """
        return self._motion.T

    @property
    def _motion(self) -> RecentMotion:
        if self._recent is None:
            raise BadInputError("ObjectTracker: call initialise or set_pose first")
        return self._recent

    def set_pose(self, T_cam_object: SE3, time_s: float | None = None) -> None:
        """Continue from a known pose with zero velocity."""
        self._recent = RecentMotion(self.config, np.asarray(T_cam_object, np.float64), time_s)

    def track(
        self,
        rgb: RgbImage,
        depth_m: DepthImage,
        time_s: float | None = None,
    ) -> TrackedPose:
        """The pose in the next frame, from the pose in the last.

        Args:
            rgb: (h, w, 3).
            depth_m: (h, w), 0 = no measurement.
            time_s: when the frame was taken; it tells how far the object can have come. Without
                it, frames count as equally far apart. It may run backward.

        Raises:
            BadInputError: when there was neither ``initialise`` nor ``set_pose``.
        """
        T = self.T_cam_object
        self._motion.begin_frame(time_s)
        frame = self._frame(rgb, depth_m)
        if not self._experience.is_any:
            # A pose from outside: learn the light before colours may pull on the pose.
            self._model.lighting = self._fitter.verify(T, self._fitter.level(frame, T)).lighting
        T, verdict = self._fitter.best_of(frame, self._motion.predictions(), self.config.rounds)
        if self._experience.is_poor(verdict):
            T, verdict = self._retry(frame, T, verdict)
        if self._motion.is_look_due and not self._is_believed(T, verdict):
            T, verdict = self._search(frame, T, verdict)
        return self._accept(T, verdict)

    def judge(
        self,
        T_cam_object: SE3,
        rgb: RgbImage,
        depth_m: DepthImage,
    ) -> TrackedPose:
        """Verify a pose that something else estimated, and learn from it where it is trusted."""
        frame, T = self._frame(rgb, depth_m), np.asarray(T_cam_object, np.float64)
        self.set_pose(T)
        return self._accept(T, self._fitter.verify(T, self._fitter.level(frame, T)))

    def settle_in_box(
        self,
        T_cam_object: SE3,
        rgb: RgbImage,
        depth_m: DepthImage,
        box_xyxy: tuple[float, float, float, float],
    ) -> tuple[SE3, str | None]:
        """Where the mesh fits best near a pose from elsewhere, and what speaks against that.

        It is held against the drawn box as in ``initialise``, but whether a pose farther off fits
        as well is not searched for.
        """
        frame = self._frame(rgb, depth_m)
        level, box = level_of_box(frame, box_xyxy, self.config)
        rounds = self.config.rounds
        T = refine(T_cam_object, level, self._model, config=self.config, rounds=rounds)
        found = self._fitter.verify(T, level)
        self.first_pose = examine([(T, found)], level, box, self._model, config=self.config)
        return T, self._against(found)

    def _retry(self, frame: Frame, T: SE3, verdict: Verdict) -> tuple[SE3, Verdict]:
        """More starting points around the last good pose."""
        starts = starts_around(self._motion.last_good, self.mesh.centre)
        found, other = self._fitter.best_of(frame, starts, (*_COARSE, *self.config.rounds))
        return (found, other) if other.fit > verdict.fit + 0.02 else (T, verdict)

    def _search(self, frame: Frame, T: SE3, verdict: Verdict) -> tuple[SE3, Verdict]:
        """Where the image has the object's colours: as it was held last, now and then anyhow."""
        base = self._motion.last_good
        centre = base[:3, :3] @ self.mesh.centre + base[:3, 3]
        boxes, slivers = (
            candidate_boxes(
                frame,
                self._model,
                near_cam=centre,
                seen_at=self._fitter.level(frame, base),
                least=least,
            )
            for least in (PLAINLY, IN_SLIVERS)
        )
        rounds, nearly = (*_COARSE, *self.config.rounds), []
        # Both: a sliver's box holds more of what lies around, and so is deeper in the middle.
        for start in moved_to_boxes(frame, base, self.mesh, [*slivers, *boxes]):
            found, other = self._fitter.best_of(frame, [start], rounds)
            nearly.append((found, other.likeness))
            if self._is_better(found, other, T, verdict):
                T, verdict = found, other
        # It may be turned: once more at the nearest places, and where it looks most like it.
        most = max(range(len(nearly)), key=lambda k: nearly[k][1], default=0)
        for k in (k for k in sorted({0, len(slivers), most}) if k < len(nearly)):
            if self._is_believed(T, verdict):
                break
            starts = starts_around(nearly[k][0], self.mesh.centre)[1:]
            found, other = self._fitter.best_of(frame, starts, rounds)
            if self._is_better(found, other, T, verdict):
                T, verdict = found, other
        if self._is_believed(T, verdict) or not self._motion.is_search_due:
            return T, verdict
        for box in self._motion.in_turn(boxes):
            try:
                found, other = initial_poses(frame, box, self._model, config=self.config)[0]
            except BadInputError:
                continue
            if self._is_better(found, other, T, verdict):
                T, verdict = found, other
        return T, verdict

    def _is_better(
        self,
        found: SE3,
        other: Verdict,
        T: SE3,
        verdict: Verdict,
    ) -> bool:
        """Whether to go on from another pose, found far away.

        Something else that fits must not pass for the object, so it has to convince. Then it beats
        one that is not believed, however much of it is covered.
        """
        if not self._experience.is_convincing(other) or not self._motion.is_within_reach(found):
            return False
        return not self._is_believed(T, verdict) or other.fit > verdict.fit

    def _is_believed(self, T: SE3, verdict: Verdict) -> bool:
        """Whether the pose counts: a high bar after the object was out of sight, a low one else."""
        if not self._experience.is_sure(verdict) or not self._motion.is_within_reach(T):
            return False
        return not self._motion.was_out_of_sight or self._experience.is_convincing(verdict)

    def _accept(self, T: SE3, verdict: Verdict) -> TrackedPose:
        """Take the pose over, learn from it where it is trusted, and say how good it is."""
        if not self._is_believed(T, verdict):
            self._motion.lose()
            return TrackedPose(self._motion.T, LOST, verdict.score, verdict.visible_fraction)
        is_seen = verdict.visible_fraction >= self.config.min_visible_fraction
        if is_seen and self._motion.was_hardly_seen:
            # What little was seen may have led elsewhere.
            is_seen = self._experience.is_convincing(verdict)
        if is_seen:
            self._learn(verdict)
            self._experience.add(verdict)
        status = OK if is_seen else OCCLUDED
        self._motion.go_on(T, is_good=is_seen)
        return TrackedPose(T, status, verdict.score, verdict.visible_fraction)

    def _learn(self, verdict: Verdict) -> None:
        """From the pixels that were judged: another scale's are others."""
        m, level = self._model, verdict.level
        if self._experience.is_any and verdict.fit < 0.9 * self._experience.usual_fit:
            return
        m.lighting = verdict.lighting
        seen = verdict.rendering, level, verdict.is_inlier
        m.appearance.learn(*seen, engine=self.config.engine)
        m.colours.learn(*seen, rate=0.1)
