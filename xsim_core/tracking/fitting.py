"""Poses fitted to one frame: at which scale, from which start, and how well."""

from xsim_core.geometry.arrays import SE3

from .config import TrackerConfig
from .frame import Frame, Level
from .refine import ObjectModel, refine
from .verify import Verdict, verify


class PoseFitter:
    """Refines and verifies with what has been learnt of the object so far."""

    def __init__(self, model: ObjectModel, config: TrackerConfig) -> None:
        self._model, self.config = model, config

    def level(self, frame: Frame, T: SE3) -> Level:
        """The scale at which the object spans at most ``max_object_px``."""
        roi = self._model.caster.project_roi(T, frame.camera, 0)
        span = max(roi.u1 - roi.u0, roi.v1 - roi.v0, 1)
        return frame.level(max(1, round(span / self.config.max_object_px)))

    def verify(self, T: SE3, level: Level) -> Verdict:
        """How well a pose agrees with what is seen at that scale."""
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

    def best_of(
        self, frame: Frame, starts: list[SE3], rounds: tuple[tuple[float, int], ...]
    ) -> tuple[SE3, Verdict]:
        """Of several starts, each refined, the pose that fits best."""
        best: tuple[SE3, Verdict] | None = None
        for start in starts:
            level = self.level(frame, start)
            T = refine(start, level, self._model, config=self.config, rounds=rounds)
            verdict = self.verify(T, level)
            if best is None or verdict.fit > best[1].fit:
                best = T, verdict
        assert best is not None
        return best
