"""The thread that moves a robot: a target each tick, each through the safety layer."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from xsim_core.robots.driver import RobotDriver, RobotLostError, RobotState, TcpTarget

from .layer import Reason, Safety
from .limits import SafetyLimits

KEPT_STATES = 400
"""Of the past, to be laid beside pictures: some seconds."""


@dataclass
class StreamFigures:
    """What happened to the ticks."""

    num_ticks: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    """Ticks in which the robot did not do what was asked, by why."""
    worst_late_s: float = 0.0
    """The latest that a tick came."""


class Stream:
    """Runs from ``start`` to ``stop``; between, ``aim`` says where to go."""

    def __init__(
        self,
        driver: RobotDriver,
        limits: SafetyLimits,
        *,
        is_alive: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take the robot where it stands.

        Args:
            driver: connected.
            limits: of all motion.
            is_alive: whether the dead-man key is held; asked in each tick.

        Raises:
            BadInputError: when the robot may not begin there.
            RobotLostError: when it does not answer.
        """
        self._driver, self._limits, self._is_alive = driver, limits, is_alive
        self.safety = Safety(limits, driver.observe().state)
        self._aim: tuple[TcpTarget | None, float] = (None, float("-inf"))
        self._states: deque[RobotState] = deque(maxlen=KEPT_STATES)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="robot stream", daemon=True)
        self.figures = StreamFigures()
        self.reason: Reason | None = None
        self.lost: RobotLostError | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def aim(self, target: TcpTarget) -> None:
        """Go there from now on."""
        self._aim = (target, time.monotonic())

    @property
    def stopped_by(self) -> Reason | None:
        """What stopped the robot for good."""
        return self.safety.stopped_by

    def state_at(self, time_s: float) -> RobotState:
        """The state that was measured nearest to a time."""
        states = list(self._states) or [self._driver.observe().state]
        return min(states, key=lambda state: abs(state.time_s - time_s))

    def stop(self) -> None:
        """Bring the robot to rest, then let it hold itself; returns when it is done."""
        self._aim = (None, float("-inf"))
        if self._thread.is_alive():
            time.sleep(self._limits.stop_s + self._limits.dt_s)
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(2)
        self._driver.stop()

    def _run(self) -> None:
        due_s = time.monotonic()
        try:
            while not self._ended.is_set():
                now_s = time.monotonic()
                if now_s < due_s:
                    time.sleep(due_s - now_s)
                    continue
                self.figures.worst_late_s = max(self.figures.worst_late_s, now_s - due_s)
                self._tick(now_s)
                # Ticks that were missed are not made up for: that would be a burst.
                due_s = max(due_s + self._limits.dt_s, now_s + 0.5 * self._limits.dt_s)
        except RobotLostError as error:
            self.lost = error
            self._driver.stop()

    def _tick(self, now_s: float) -> None:
        state = self._driver.observe().state
        if not self._states or state is not self._states[-1]:
            self._states.append(state)
        target, said_s = self._aim
        tick = self.safety.tick(
            now_s, state, target, target_time_s=said_s, is_alive=self._is_alive()
        )
        self._driver.command(tick.target)
        self.reason = tick.reason
        self.figures.num_ticks += 1
        if tick.reason is not None:
            self.figures.reasons[tick.reason] += 1
