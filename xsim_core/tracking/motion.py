"""Where the object was, how it moved, and how far it can have come since; in metres and seconds."""

from typing import NamedTuple

import numpy as np

from xsim_core.geometry import inverse_se3, make_se3, rotation_angle, so3_exp, so3_log
from xsim_core.geometry.arrays import SE3

from .config import TrackerConfig
from .initialisation.initialise import Box

STILL_M, STILL_RAD = 0.003, 0.02
"""Smaller steps are no velocity."""
REACH_M = 0.05
"""Beyond what speed explains: a pose may correct the one before it by that much."""
BOXES_A_SEARCH = 3
LOOK_EVERY_S = 0.07
"""While the object is lost: looking around costs several times what following does, and a hand that
carries the object shows it now and then."""
UNTIMED_STEP_S = 1 / 15
"""Between frames of which nobody tells the time. It paces the looking, and decides nothing."""


class Sighting(NamedTuple):
    """A pose in the camera frame, and when."""

    T_cam_object: SE3
    """(4, 4)."""
    time_s: float | None
    """None where nobody tells."""


class RecentMotion:
    """The latest poses that were believed, and the latest of which the tracker was sure."""

    def __init__(self, config: TrackerConfig, T_cam_object: SE3, time_s: float | None) -> None:
        """Begin with a pose (4, 4) at rest."""
        self.config = config
        self.time_s = time_s
        """Of the frame at hand; None where nobody tells."""
        self._last = self._good = Sighting(T_cam_object, time_s)
        self._previous: Sighting | None = None
        self._step_s = UNTIMED_STEP_S
        self._found_again()

    def begin_frame(self, time_s: float | None) -> None:
        """The next frame, and when it was taken; times may run backward."""
        step_s = _apart_s(time_s, self.time_s)
        self._step_s = UNTIMED_STEP_S if step_s is None else step_s
        self.time_s = time_s
        self._look_in_s -= self._step_s
        self._search_in_s -= self._step_s

    def go_on(self, T: SE3, *, is_good: bool) -> None:
        """The pose of this frame is believed."""
        self._previous, self._last = self._last, Sighting(T, self.time_s)
        if is_good:
            self._good = self._last
        self._found_again()

    def lose(self) -> None:
        """No pose of this frame is believed: stay where the object was last seen for sure."""
        if self.is_look_due:
            self._look_in_s = LOOK_EVERY_S
        if self.is_search_due:
            self._search_in_s = self.config.relocalise_every_s
            self._num_searches += 1
        self._previous, self._last, self._is_lost = None, self._good, True

    def _found_again(self) -> None:
        self._is_lost, self._num_searches = False, 0
        self._look_in_s = self._search_in_s = 0.0

    @property
    def T(self) -> SE3:
        """Where the next search starts (4, 4)."""
        return self._last.T_cam_object

    @property
    def last_good(self) -> SE3:
        """The latest pose (4, 4) of which the tracker was sure."""
        return self._good.T_cam_object

    def predictions(self) -> list[SE3]:
        """Where the object may be: going on as before, or standing still."""
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
        took_s = _apart_s(self._last.time_s, before_s)
        since_s = _apart_s(self.time_s, self._last.time_s)
        if not took_s or since_s is None:
            return 1.0
        share = since_s / took_s
        # A clock that trembles is no change of speed.
        return 1.0 if abs(share - 1) < 0.05 else share

    @property
    def was_out_of_sight(self) -> bool:
        """Whether the object may have gone anywhere since it was last seen."""
        return self._is_lost or self._is_long_since(self._last)

    @property
    def was_hardly_seen(self) -> bool:
        """Whether all that was seen of it for a while was too little to be sure."""
        return self._is_long_since(self._good)

    def is_within_reach(self, T: SE3) -> bool:
        """Whether the object can have come to ``T`` since it was last seen."""
        since_s = _apart_s(self.time_s, self._last.time_s)
        moved_m = float(np.linalg.norm(T[:3, 3] - self.T[:3, 3]))
        return since_s is None or moved_m <= REACH_M + self.config.max_speed_m_s * since_s

    def _is_long_since(self, then: Sighting) -> bool:
        since_s = _apart_s(self.time_s, then.time_s)
        return since_s is not None and since_s > self.config.max_unseen_s

    @property
    def is_look_due(self) -> bool:
        """Whether to look around for the object: at once, later now and then."""
        return self._is_now(self._look_in_s) or self.is_search_due

    @property
    def is_search_due(self) -> bool:
        """Whether to pay for a search of all directions: soon, then once in so many seconds."""
        return (
            self.config.relocalise_every_s > 0 and self._is_lost and self._is_now(self._search_in_s)
        )

    def _is_now(self, in_s: float) -> bool:
        """Whether no later frame is nearer to that time."""
        return in_s <= 0.5 * self._step_s

    def in_turn(self, boxes: list[Box]) -> list[Box]:
        """The boxes of this search: the first few, and the next few when it was not there."""
        groups = max(1, -(-len(boxes) // BOXES_A_SEARCH))
        first = self._num_searches % groups
        return boxes[first * BOXES_A_SEARCH :][:BOXES_A_SEARCH]


def _apart_s(a_s: float | None, b_s: float | None) -> float | None:
    """Time between two frames, None where nobody tells it."""
    return None if a_s is None or b_s is None else abs(a_s - b_s)
