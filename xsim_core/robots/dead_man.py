"""The dead-man key: the robot moves while a key of the terminal is held, and at no other time."""

import contextlib
import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Generator

from xsim_core.errors import BadInputError

HELD_S = 0.6
"""A held key repeats: terminals begin after half a second at the latest, then many times a second.
So long after the last one the key counts as released."""
KEY = b" "
MAX_TYPED = 64


class DeadMan:
    """Reads a terminal, or any file descriptor, in a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._last_s = descriptor, float("-inf")
        self._ended = threading.Event()
        self._lock, self._typed = threading.Lock(), b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @classmethod
    @contextlib.contextmanager
    def at_terminal(cls) -> Generator["DeadMan"]:
        """Of this process's terminal, which gives each key at once meanwhile.

        Raises:
            BadInputError: when there is none.
        """
        if not sys.stdin.isatty():
            raise BadInputError(
                "a person beside the robot needs a terminal; standard input is none."
            )
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)
        key = cls(descriptor)
        try:
            yield key
        finally:
            key.close()
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def is_held(self) -> bool:
        """Whether the key was seen a moment ago."""
        return time.monotonic() - self._last_s < HELD_S

    def typed(self) -> bytes:
        """What other keys were pressed since this was asked last."""
        with self._lock:
            typed, self._typed = self._typed, b""
        return typed

    def close(self) -> None:
        """Stop reading: released for good."""
        self._ended.set()
        self._thread.join(2)
        self._last_s = float("-inf")

    def _read(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select([self._descriptor], [], [], 0.1)
            if not ready:
                continue
            data = os.read(self._descriptor, 64)
            if not data:  # The terminal is gone, and whoever held the key.
                self._last_s = float("-inf")
                return
            with self._lock:
                self._typed = (self._typed + data.replace(KEY, b""))[-MAX_TYPED:]
            # Any other key is a hand that is not where it should be.
            self._last_s = time.monotonic() if data.strip(KEY) == b"" else float("-inf")
