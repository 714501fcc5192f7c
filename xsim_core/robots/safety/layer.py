"""What decides, tick by tick, whether a robot may go on, brakes, or is stopped for good.

It knows no thread, no clock and no driver: whoever runs it (``stream``) says what time it is and
what was seen last, and sends what it answers. Nothing that acts can reach a driver past it.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.robots.driver import RobotState, TcpTarget

from .limits import SafetyLimits
from .motion import MotionFilter

Reason = Literal[
    "dead-man key released",
    "stale observation",
    "late action",
    "not a number",
    "force",
    "held away from its command",
    "unplausible state",
]
"""Why a robot does not do what it is asked. The last three latch: a person lets it go on."""
LATCHING: frozenset[Reason] = frozenset(
    {"force", "held away from its command", "unplausible state"}
)
START_SLACK_M = 0.02
"""A TCP may begin so far outside the box, as an arm sags; its command begins inside."""


@dataclass(frozen=True)
class Tick:
    """What goes to the robot in this tick, and why, if it is not what was asked for."""

    target: TcpTarget
    reason: Reason | None
    is_stopped: bool
    """A limit was broken by the world: the command is at rest, or coming to it, and stays so."""


class Safety:
    """The limits of one episode; always between what acts and the robot."""

    def __init__(self, limits: SafetyLimits, state: RobotState) -> None:
        """Begin where the robot stands still.

        Raises:
            BadInputError: when it stands outside its box, or not still, or its hand is not down.
        """
        self.limits = limits
        self._axes = limits.axes()
        start = _measured(state)
        if not np.isfinite(start).all():
            raise BadInputError("the robot says of its pose what is no number; it is not moved.")
        outside = np.maximum(self._axes.low - start, start - self._axes.high)
        if (outside[:3] > START_SLACK_M).any():
            raise BadInputError(
                f"the robot's TCP is at {start[:3].round(3).tolist()} m, outside the box "
                f"{list(limits.box_low)} to {list(limits.box_high)} m that it may move in. Bring "
                "it inside by hand, or widen the box."
            )
        if state.T_world_tcp[2, 2] > -math.cos(0.35):
            raise BadInputError(
                "the robot's hand does not point down (20 degrees are allowed); the policies of "
                "this project hold it so. Turn it by hand first."
            )
        self._filter = MotionFilter(
            start, self._axes, dt_s=limits.dt_s, num_stop_ticks=limits.num_stop_ticks
        )
        self._latched: Reason | None = None

    @property
    def commanded(self) -> TcpTarget:
        """What was sent last."""
        return TcpTarget.of_vector(self._filter.position)

    @property
    def stopped_by(self) -> Reason | None:
        """What stopped the robot for good."""
        return self._latched

    def tick(
        self,
        now_s: float,
        state: RobotState,
        target: TcpTarget | None,
        *,
        target_time_s: float,
        is_alive: bool,
    ) -> Tick:
        """What to send now.

        Args:
            now_s: on the clock of ``RobotState.time_s``.
            state: the latest of the robot.
            target: where whoever acts wants to be; None for "stay".
            target_time_s: when that was said.
            is_alive: whether a person holds the dead-man key (or none is asked for).
        """
        reason = self._latched or self._world_says(state)
        if reason in LATCHING:
            self._latched = reason
        elif not is_alive:
            reason = "dead-man key released"
        elif not now_s - state.time_s <= self.limits.stale_s:
            reason = "stale observation"
        elif target is None or not now_s - target_time_s <= self.limits.late_s:
            reason = "late action"
        elif not np.isfinite(target.vector()).all():
            reason = "not a number"
        wish = target.vector() if target is not None and reason is None else None
        return Tick(TcpTarget.of_vector(self._filter.step(wish)), reason, self._latched is not None)

    def _world_says(self, state: RobotState) -> Reason | None:
        measured, force = _measured(state), np.asarray(state.force_n, float)
        if not np.isfinite(measured).all():
            return "unplausible state"
        # A robot that estimates no force says NaN; infinity is one that it estimates.
        if not np.isnan(force).any() and not np.linalg.norm(force) <= self.limits.force_n:
            return "force"
        lag = np.linalg.norm(measured[:3] - self._filter.position[:3])
        return "held away from its command" if lag > self.limits.lag_m else None


def _measured(state: RobotState) -> NDArray[np.float64]:
    """(5,) as ``TcpTarget.vector``."""
    T = np.asarray(state.T_world_tcp, float)
    return np.array([*T[:3, 3], math.atan2(T[1, 0], T[0, 0]), state.gripper_m])
