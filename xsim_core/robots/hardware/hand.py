"""A gripper that is slower than its arm, moved from a thread of its own."""

import threading
from collections.abc import Callable

STEP_M = 0.004
"""Grippers that can be bought take positions, not a stream of them: smaller changes are left
out."""
PERIOD_S = 0.05


class Hand:
    """Reads the opening, and moves where it shall be elsewhere than it was sent last."""

    def __init__(self, read: Callable[[], float], move: Callable[[float], None]) -> None:
        """Begin; the first reading is waited for.

        Args:
            read: the opening, metres.
            move: goes to an opening, metres; may wait until it is there.
        """
        self._read, self._move = read, move
        self.opening_m = read()
        self._wanted_m = self._sent_m = self.opening_m
        self.problem: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    def want(self, opening_m: float) -> None:
        """Go there; does not wait."""
        self._wanted_m = opening_m

    def close(self) -> None:
        """Leave it as it is."""
        self._ended.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._ended.wait(PERIOD_S):
            try:
                wanted_m = self._wanted_m
                if abs(wanted_m - self._sent_m) >= STEP_M:
                    self._sent_m = wanted_m
                    self._move(wanted_m)
                self.opening_m = self._read()
            except Exception as error:  # noqa: BLE001 as in ``Sender``
                self.problem = f"the gripper does not answer any more: {error}"
                return
