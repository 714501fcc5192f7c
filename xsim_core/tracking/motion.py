"""Where the object was, how it moved, and how far it can have come since; in metres and seconds."""

import numpy as np

from xsim_core.geometry import inverse_se3, make_se3, rotation_angle, so3_exp, so3_log
from xsim_core.geometry.arrays import SE3

from .config import TrackerConfig
from .initialise import Box

STILL_M, STILL_RAD = 0.003, 0.02
"""Smaller steps are no velocity."""
REACH_M = 0.05
"""Beyond what speed explains: a pose may correct the one before it by that much."""
BOXES_A_SEARCH = 3


class RecentMotion:
    """The latest poses (4, 4) in the camera frame, and the latest of which the tracker was sure."""

    def __init__(self, config: TrackerConfig) -> None:
        """Start without a pose."""
        self.config = config
        self.T: SE3 | None = None
        """Where the next search starts."""
        self.time_s: float | None = None
        """Of the frame at hand; None where nobody tells."""
        self._T_time_s: float | None = None
        self._previous: tuple[SE3, float | None] | None = None
        self._good: tuple[SE3, float | None] | None = None
        self._num_lost = self._num_searches = 0

    def restart(self, T: SE3, time_s: float | None) -> None:
        """Go on from a pose at rest."""
        self.T, self.time_s, self._T_time_s = T, time_s, time_s
        self._previous, self._good = None, (T, time_s)
        self._num_lost = self._num_searches = 0

    def go_on(self, T: SE3, *, is_good: bool) -> None:
        """The pose of this frame is believed."""
        self._previous = None if self.T is None else (self.T, self._T_time_s)
        self.T, self._T_time_s = T, self.time_s
        self._num_lost = self._num_searches = 0
        if is_good:
            self._good = T, self.time_s

    def lose(self, T: SE3) -> None:
        """A guess must not drag the search away: stay where the object was last seen."""
        self._previous, self.T = None, self.last_good_or(T)
        self._T_time_s = None if self._good is None else self._good[1]
        self._num_lost += 1

    def last_good_or(self, T: SE3) -> SE3:
        """The latest pose of which the tracker was sure."""
        return T if self._good is None else self._good[0]

    def predictions(self) -> list[SE3]:
        """Where the object may be: going on as before, or standing still."""
        assert self.T is not None
        if self._previous is None or self.was_out_of_sight:
            return [self.T]
        previous, before_s = self._previous
        step = self.T @ inverse_se3(previous)
        moved, turned = self.T[:3, 3] - previous[:3, 3], rotation_angle(np.eye(3), step[:3, :3])
        if np.linalg.norm(moved) < STILL_M and turned < STILL_RAD:
            return [self.T]
        share = self._share_of_step(before_s)
        turn = step[:3, :3] if share == 1 else so3_exp(share * so3_log(step[:3, :3]))
        return [make_se3(turn @ self.T[:3, :3], self.T[:3, 3] + share * moved), self.T]

    def _share_of_step(self, before_s: float | None) -> float:
        """How long ago the latest pose is against the time that its step took."""
        if self.time_s is None or self._T_time_s is None or before_s is None:
            return 1.0
        took_s = abs(self._T_time_s - before_s)
        share = abs(self.time_s - self._T_time_s) / took_s if took_s > 0 else 1.0
        # A clock that trembles is no change of speed.
        return 1.0 if abs(share - 1) < 0.05 else share

    @property
    def was_out_of_sight(self) -> bool:
        """Whether the object may have gone anywhere since it was last seen."""
        return self._num_lost > 0 or self._is_long_since(self._T_time_s)

    @property
    def was_hardly_seen(self) -> bool:
        """Whether all that was seen of it for a while was too little to be sure."""
        return self._good is not None and self._is_long_since(self._good[1])

    def is_within_reach(self, T: SE3) -> bool:
        """Whether the object can have come to ``T`` since it was last seen."""
        if self.T is None or self.time_s is None or self._T_time_s is None:
            return True
        moved_m = float(np.linalg.norm(T[:3, 3] - self.T[:3, 3]))
        took_s = abs(self.time_s - self._T_time_s)
        return moved_m <= REACH_M + self.config.max_speed_m_s * took_s

    def _is_long_since(self, then_s: float | None) -> bool:
        if self.time_s is None or then_s is None:
            return False
        return abs(self.time_s - then_s) > self.config.max_unseen_s

    @property
    def is_look_due(self) -> bool:
        """Whether to look around for the object: at once, later in every third lost frame."""
        return self._num_lost < 2 or self._num_lost % 3 == 0 or self.is_search_due

    @property
    def is_search_due(self) -> bool:
        """Whether to pay for a search of all directions: soon, then once in so many frames."""
        every, n = self.config.relocalise_every, self._num_lost
        return every > 0 and n > 0 and (n == 1 or n % every == 0)

    def in_turn(self, boxes: list[Box]) -> list[Box]:
        """The boxes of this search: the first few, and the next few when it was not there."""
        groups = max(1, -(-len(boxes) // BOXES_A_SEARCH))
        first = self._num_searches % groups
        self._num_searches += bool(boxes)
        return boxes[first * BOXES_A_SEARCH :][:BOXES_A_SEARCH]
