"""Follow a known rigid object through an RGB-D video, one frame after the other."""

from dataclasses import dataclass

import numpy as np

from xsim_core.errors import BadInputError
from xsim_core.geometry import PinholeCamera, TexturedMesh, inverse_se3
from xsim_core.geometry.arrays import SE3, DepthImage, RgbImage

from .appearance import Appearance, ColourModel, Lighting
from .config import TrackerConfig
from .frame import Frame, Level
from .initialise import candidate_boxes, initial_pose
from .raycast import RayCaster
from .refine import ObjectModel, apply_motion, refine
from .verify import Verdict, verify

OK, OCCLUDED, INTERPOLATED, LOST = 0, 1, 2, 3
"""Values of ``TrackedPose.status`` and of ``ObjectTrack``'s ``status``."""


@dataclass(frozen=True)
class TrackedPose:
    """The object's pose in one frame and the evidence for it."""

    T_cam_object: SE3
    """(4, 4)."""
    status: int
    """0 ok, 1 occluded (little of it is seen), 3 lost (the pose is a guess)."""
    score: float
    """How well depth and colour agree where the object is seen, in [0, 1]."""
    visible_fraction: float
    """Share of the object's silhouette with nothing in front of it."""


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
        self._rng = np.random.default_rng(self.config.seed)
        self._T: SE3 | None = None
        self._previous: SE3 | None = None
        self._last_good: SE3 | None = None
        self._fits: list[float] = []
        self._scores: list[float] = []
        self._num_lost = 0

    def initialise(
        self,
        rgb: RgbImage,
        depth_m: DepthImage,
        box_xyxy: tuple[float, float, float, float],
    ) -> TrackedPose:
        """Find the object in a box of a frame.

        Args:
            rgb: (h, w, 3).
            depth_m: (h, w), 0 = no measurement.
            box_xyxy: the box a person drew around the object, pixels.

        Raises:
            BadInputError: when there is no depth in the box or the object is not found there.
        """
        frame = Frame(rgb, depth_m, self.camera)
        T, found = initial_pose(frame, box_xyxy, self._model, config=self.config)
        if found.score < self.config.min_init_score:
            raise BadInputError(
                f"the object was not found in the box {tuple(round(b) for b in box_xyxy)}: the "
                f"best of all poses scores {found.score:.2f}, {self.config.min_init_score:.2f} is "
                "needed. Check the box, the mesh and its unit (metres)."
            )
        self.set_pose(T)
        return self._accept(T, self._level(frame, T), found)

    def set_pose(self, T_cam_object: SE3) -> None:
        """Continue from a known pose with zero velocity."""
        self._T = np.asarray(T_cam_object, np.float64)
        self._previous, self._last_good = None, self._T
        self._num_lost = 0

    def track(self, rgb: RgbImage, depth_m: DepthImage) -> TrackedPose:
        """The pose in the next frame, from the pose in the last.

        Args:
            rgb: (h, w, 3).
            depth_m: (h, w), 0 = no measurement.

        Raises:
            BadInputError: when there was neither ``initialise`` nor ``set_pose``.
        """
        if self._T is None:
            raise BadInputError("ObjectTracker.track: call initialise or set_pose first")
        frame = Frame(rgb, depth_m, self.camera)
        if not self._fits:
            # A pose from outside: learn the light before colours may pull on the pose.
            self._model.lighting = self._verify(self._T, self._level(frame, self._T)).lighting
        T, verdict = self._best_of(frame, self._predictions(), self.config.rounds)
        usual = self._usual_fit()
        is_poor = verdict.fit < self.config.retry_ratio * usual
        if is_poor or verdict.score < self._ok_score():
            T, verdict = self._retry(frame, T, verdict)
        if self._should_relocalise(verdict):
            T, verdict = self._relocalise(frame, T, verdict)
        return self._accept(T, self._level(frame, T), verdict)

    def judge(
        self,
        T_cam_object: SE3,
        rgb: RgbImage,
        depth_m: DepthImage,
    ) -> TrackedPose:
        """Verify a pose that something else estimated, and learn from it where it is trusted."""
        frame, T = Frame(rgb, depth_m, self.camera), np.asarray(T_cam_object, np.float64)
        self._T = self._last_good = T
        level = self._level(frame, T)
        return self._accept(T, level, self._verify(T, level))

    def _predictions(self) -> list[SE3]:
        """Where the object may be: going on as before, or standing still."""
        assert self._T is not None
        if self._previous is None:
            return [self._T]
        step = self._T @ inverse_se3(self._previous)
        moved = np.linalg.norm(self._T[:3, 3] - self._previous[:3, 3])
        angle = np.arccos(np.clip((np.trace(step[:3, :3]) - 1) / 2, -1, 1))
        if moved < 0.003 and angle < 0.02:
            return [self._T]
        T = self._T.copy()
        T[:3, :3] = step[:3, :3] @ self._T[:3, :3]
        T[:3, 3] = 2 * self._T[:3, 3] - self._previous[:3, 3]
        return [T, self._T]

    def _ok_score(self) -> float:
        """What a score must reach: an absolute bar, and one relative to the latest good frames."""
        usual = float(np.median(self._scores[-10:])) if self._scores else 0.0
        return max(self.config.ok_score, self.config.ok_ratio * usual)

    def _usual_fit(self) -> float:
        return float(np.median(self._fits[-10:])) if self._fits else 1.0

    def _level(self, frame: Frame, T: SE3) -> Level:
        """The scale at which the object spans at most ``max_object_px``."""
        roi = self._model.caster.project_roi(T, frame.camera, 0)
        span = max(roi.u1 - roi.u0, roi.v1 - roi.v0, 1)
        return frame.level(max(1, round(span / self.config.max_object_px)))

    def _verify(self, T: SE3, level: Level) -> Verdict:
        m = self._model
        return verify(
            T,
            level,
            caster=m.caster,
            appearance=m.appearance,
            colours=m.colours,
            lighting=m.lighting,
            config=self.config,
        )

    def _best_of(
        self, frame: Frame, starts: list[SE3], rounds: tuple[tuple[float, int], ...]
    ) -> tuple[SE3, Verdict]:
        best: tuple[SE3, Verdict] | None = None
        for start in starts:
            level = self._level(frame, start)
            T = refine(start, level, self._model, config=self.config, rounds=rounds)
            verdict = self._verify(T, level)
            if best is None or verdict.fit > best[1].fit:
                best = T, verdict
        assert best is not None
        return best

    def _retry(self, frame: Frame, T: SE3, verdict: Verdict) -> tuple[SE3, Verdict]:
        """More starting points: the last good pose, turns by 20 degrees, shifts by 3 cm."""
        base = self._last_good if self._last_good is not None else T
        starts = [base]
        for axis in np.concatenate([np.eye(3), -np.eye(3)]):
            turn = np.concatenate([np.zeros(3), np.deg2rad(20) * axis])
            centre = base[:3, :3] @ self.mesh.centre + base[:3, 3]
            starts.append(apply_motion(base, turn, centre))
            starts.append(apply_motion(base, np.concatenate([0.03 * axis, np.zeros(3)]), centre))
        coarse = ((0.06, 16), (0.04, 12), *self.config.rounds)
        found, other = self._best_of(frame, starts, coarse)
        if other.fit > verdict.fit + 0.02:
            T, verdict = found, other
        starts = self._moved_to_colours(frame, base) if self._num_lost > 0 else []
        if starts:
            found, other = self._best_of(frame, starts, coarse)
            if self._is_convincing(other, verdict):
                T, verdict = found, other
        return T, verdict

    def _is_convincing(self, other: Verdict, verdict: Verdict) -> bool:
        """Whether a pose far away is it: something else that fits must not pass for the object."""
        is_good = other.fit > self.config.relocalise_ratio * self._usual_fit()
        return is_good and other.fit > verdict.fit and other.score > self._ok_score()

    def _moved_to_colours(self, frame: Frame, base: SE3) -> list[SE3]:
        """The pose shifted to where the image has the object's colours."""
        moved, K = [], frame.camera.K
        centre = base[:3, :3] @ self.mesh.centre + base[:3, 3]
        for x0, y0, x1, y1 in candidate_boxes(frame, self._model):
            cut = frame.level(1).depth_m[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
            z = float(np.median(cut[cut > 0])) if (cut > 0).any() else float(centre[2])
            u, v = (x0 + x1) / 2 - K[0, 2], (y0 + y1) / 2 - K[1, 2]
            shift = np.array([u / K[0, 0], v / K[1, 1], 1.0]) * z - centre
            moved.append(apply_motion(base, np.concatenate([shift, np.zeros(3)]), centre))
        return moved

    def _should_relocalise(self, verdict: Verdict) -> bool:
        every = self.config.relocalise_every
        is_lost = verdict.score < self._ok_score()
        return is_lost and every > 0 and self._num_lost > 0 and self._num_lost % every == 0

    def _relocalise(self, frame: Frame, T: SE3, verdict: Verdict) -> tuple[SE3, Verdict]:
        """Search the whole image where it has the object's colours."""
        for box in candidate_boxes(frame, self._model):
            try:
                found, other = initial_pose(frame, box, self._model, config=self.config)
            except BadInputError:
                continue
            if self._is_convincing(other, verdict):
                T, verdict = found, other
        return T, verdict

    def _accept(self, T: SE3, level: Level, verdict: Verdict) -> TrackedPose:
        """Take the pose over, learn from it where it is trusted, and say how good it is."""
        is_sure, status = verdict.score >= self._ok_score(), self._status(verdict)
        if status == OK:
            self._learn(level, verdict)
            self._fits.append(verdict.fit)
            self._scores.append(verdict.score)
            self._previous, self._T, self._last_good = self._T, T, T
            self._num_lost = 0
        elif status == OCCLUDED and is_sure:
            self._previous, self._T = self._T, T
            self._num_lost = 0
        else:
            # A guess must not drag the search away: stay where the object was last seen.
            self._previous = None
            self._T = self._last_good if self._last_good is not None else T
            self._num_lost += 1
        pose = T if is_sure or self._T is None else self._T
        return TrackedPose(pose, status, verdict.score, verdict.visible_fraction)

    def _status(self, verdict: Verdict) -> int:
        least = self.config.min_visible_fraction
        if verdict.score >= self._ok_score():
            return OK if verdict.visible_fraction >= least else OCCLUDED
        # Nothing seen of it because it is covered, or uncovered and something else.
        return OCCLUDED if verdict.covered_fraction > 1 - least else LOST

    def _learn(self, level: Level, verdict: Verdict) -> None:
        m = self._model
        if self._fits and verdict.fit < 0.9 * self._usual_fit():
            return
        m.lighting = verdict.lighting
        m.appearance.learn(verdict.rendering, level, verdict.is_inlier)
        m.colours.learn(verdict.rendering, level, verdict.is_inlier, rate=0.1)
