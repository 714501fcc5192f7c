"""How well the object usually agrees with the pictures, and what is asked of a pose therefore."""

import numpy as np

from .config import TrackerConfig
from .verify import Verdict

NUM_RECENT = 10


class Experience:
    """What the latest good frames were like."""

    def __init__(self, config: TrackerConfig) -> None:
        """Start without any."""
        self.config = config
        self._good: list[tuple[float, float, float]] = []

    def add(self, verdict: Verdict) -> None:
        """Count a good frame."""
        self._good = [
            *self._good[1 - NUM_RECENT :],
            (verdict.fit, verdict.score, verdict.likeness),
        ]

    @property
    def is_any(self) -> bool:
        """Whether there was a good frame yet."""
        return bool(self._good)

    @property
    def usual_fit(self) -> float:
        """Median of the latest good frames."""
        return self._usual()[0] if self._good else 1.0

    def is_poor(self, verdict: Verdict) -> bool:
        """Whether it is worth trying more starting points."""
        is_worse = verdict.fit < self.config.retry_ratio * self.usual_fit
        return is_worse or not self.is_sure(verdict)

    def is_sure(self, verdict: Verdict) -> bool:
        """Whether a pose that continues the track is the object's."""
        score = self._usual()[1]
        return verdict.score >= max(self.config.ok_score, self.config.ok_ratio * score)

    def is_convincing(self, verdict: Verdict) -> bool:
        """Whether a pose is the object's that nothing else speaks for.

        Clutter of a like shape or colour reaches two thirds of the usual score; the object itself,
        half covered, nearly all of it.
        """
        _, score, likeness = self._usual()
        share = self.config.relocalise_ratio
        return (
            verdict.score >= max(self.config.ok_score, share * score)
            and verdict.likeness >= share * likeness
            and verdict.visible_fraction >= self.config.min_visible_fraction
        )

    def _usual(self) -> tuple[float, float, float]:
        if not self._good:
            return 0.0, 0.0, 0.0
        fit, score, likeness = np.median(self._good, axis=0).tolist()
        return fit, score, likeness
