"""Motion that keeps its limits whatever it is asked for.

With every tick a plan is held that brings all axes to rest within a fixed number of ticks and
keeps every limit on its way. A wish becomes a second plan: its jerk once, then the smoothest stop
(least squares over the jerks). Both plans end at rest and all limits are intervals, so that what
lies between them ends at rest too, and how far one may go towards the wish is a division. The
first plan is "stay", the rest is induction: no wish can bring the motion to where it could not
stop. The same thought as in the backup plans of Schouwenaars (2004) and the invariant sets of
model predictive control, for a triple integrator in discrete time.
"""

import numpy as np
from numpy.typing import NDArray

from .limits import AxisLimits

KEEP = 1e-7
"""By this share the limits are drawn in, so that rounding stays inside them."""
TRACKING_RATE = 30.0
"""Poles (1/s) of the law that follows a target: three at the same place, critically damped."""
REST = 1e-12


class MotionFilter:
    """Axes that move from rest, tick by tick."""

    def __init__(
        self, start: NDArray[np.float64], limits: AxisLimits, *, dt_s: float, num_stop_ticks: int
    ) -> None:
        """Begin at rest.

        Args:
            start: (n,) within ``low`` and ``high``.
            limits: of each axis.
            dt_s: from tick to tick.
            num_stop_ticks: within so many ticks it can always come to rest.
        """
        middle, half = (limits.low + limits.high) / 2, (limits.high - limits.low) / 2
        self._low, self._high = middle - half * (1 - KEEP), middle + half * (1 - KEEP)
        self._speed, self._acceleration, self._jerk = (
            limit * (1 - KEEP) for limit in (limits.speed, limits.acceleration, limits.jerk)
        )
        ups = np.stack([self._jerk, self._acceleration, self._speed, self._high])
        downs = np.stack([-self._jerk, -self._acceleration, -self._speed, self._low])
        self._upper, self._lower = ups[:, None], downs[:, None]
        self._dt = dt_s
        # A pole faster than a tick would swing; there it is as fast as the ticks allow.
        self._rate = min(TRACKING_RATE, 1 / (3 * dt_s))
        n = len(start)
        self.position = np.clip(np.asarray(start, float), self._low, self._high)
        self.velocity, self.acceleration = np.zeros(n), np.zeros(n)
        self._plan = np.zeros((num_stop_ticks, n))
        left = np.arange(num_stop_ticks, 0, -1)
        ends = np.stack([np.full(num_stop_ticks, dt_s), dt_s * dt_s * left])
        self._stop_map = -np.linalg.pinv(ends)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing moves."""
        return not (self.velocity.any() or self.acceleration.any())

    def step(self, target: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """The next positions (n,).

        Args:
            target: (n,) where to go; None, or a number that is none, brakes.
        """
        jerks = np.concatenate([self._plan, np.zeros((1, self._plan.shape[1]))])
        if target is not None and np.isfinite(target).all():
            wish = self._wish(np.clip(target, self._low, self._high))
            jerks += self._share(jerks, wish) * (wish - jerks)
        self._advance(jerks[0])
        self._plan = jerks[1:]
        return self.position.copy()

    def _wish(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        """The jerks (m + 1, n) of one tick towards the target and a stop after it."""
        rate = self._rate
        velocity = np.clip((target - self.position) * rate / 3, -self._speed, self._speed)
        acceleration = (velocity - self.velocity) * rate
        acceleration = np.clip(acceleration, -self._acceleration, self._acceleration)
        jerk = np.clip((acceleration - self.acceleration) * 3 * rate, -self._jerk, self._jerk)
        a = self.acceleration + self._dt * jerk
        v = self.velocity + self._dt * a
        num_ticks = len(self._plan)
        stop = self._stop_map @ np.stack([a, v + num_ticks * self._dt * a])
        return np.concatenate([jerk[None], stop])

    def _share(self, held: NDArray[np.float64], wish: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far (n,) from the held plan to the wish all limits hold, from 0 to 1."""
        begun = self._course(held)
        way = self._course(wish) - begun
        room = np.where(way > 0, self._upper, self._lower) - begun
        # Ways of next to nothing have room for more than numbers hold.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            part = np.where(way == 0, 1.0, room / way)
        return np.clip(part.min(axis=(0, 1)), 0.0, 1.0)

    def _course(self, jerks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Jerk, acceleration, velocity and position (4, m + 1, n) of each tick."""
        course = np.empty((4, *jerks.shape))
        course[0] = jerks
        for i, begin in enumerate((self.acceleration, self.velocity, self.position), start=1):
            np.cumsum(course[i - 1], axis=0, out=course[i])
            course[i] *= self._dt
            course[i] += begin
        return course

    def _advance(self, jerk: NDArray[np.float64]) -> None:
        self.acceleration = self.acceleration + self._dt * jerk
        self.velocity = self.velocity + self._dt * self.acceleration
        # What rounding leaves after a stop would creep for hours.
        still = (np.abs(self.velocity) < REST) & (np.abs(self.acceleration) < REST)
        self.acceleration[still] = self.velocity[still] = 0.0
        self.position = self.position + self._dt * self.velocity
