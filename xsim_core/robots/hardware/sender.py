"""Targets that reach a robot from a thread of their own: whoever commands never waits for it."""

import contextlib
import threading
from collections.abc import Callable

from xsim_core.robots.driver import RobotLostError, TcpTarget

SILENCE_S = 0.1
"""Without a new target for so long, one control period, the robot is halted."""


class Sender:
    """Sends the newest target; those that a newer one overtook are left out."""

    def __init__(
        self, name: str, send: Callable[[TcpTarget], None], halt: Callable[[], None]
    ) -> None:
        """Begin.

        Args:
            name: of the robot, for people.
            send: hands a target to the robot; raises whatever its library does when it is gone.
            halt: lets the robot stand still by its own brake; moving again is ``send``'s part.
        """
        self._name, self._send, self._halt = name, send, halt
        self._condition = threading.Condition()
        self._target: TcpTarget | None = None
        self._is_halting = self._is_ended = False
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"{name} sender", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Nothing while the robot takes what is sent.

        Raises:
            RobotLostError: when it does not any more.
        """
        if self._problem is not None:
            raise RobotLostError(self._problem)

    def put(self, target: TcpTarget) -> None:
        """Send it as soon as the one before is through.

        Raises:
            RobotLostError: when the robot takes nothing any more.
        """
        self.check()
        with self._condition:
            self._target, self._is_halting = target, False
            self._condition.notify()

    def halt(self) -> None:
        """Forget what was to be sent and let the robot stand still; does not wait for it."""
        with self._condition:
            self._target, self._is_halting = None, True
            self._condition.notify()

    def close(self) -> None:
        """Halt, and end."""
        with self._condition:
            self._is_ended = True
            self._condition.notify()
        self._thread.join(2)

    def _run(self) -> None:
        is_moving = False
        while True:
            with self._condition:
                self._condition.wait_for(self._has_work, SILENCE_S)
                target, self._target = self._target, None
                is_halting, self._is_halting = self._is_halting, False
                is_ended = self._is_ended
            try:
                if target is not None and not is_ended:
                    self._send(target)
                    is_moving = True
                elif is_moving or is_halting:
                    self._halt()
                    is_moving = False
            # Each library raises errors of its own, some of them plain Exception.
            except Exception as error:  # noqa: BLE001
                self._problem = f"{self._name} takes no commands any more: {error}"
                with contextlib.suppress(Exception):
                    self._halt()
                return
            if is_ended:
                return

    def _has_work(self) -> bool:
        return self._target is not None or self._is_halting or self._is_ended
