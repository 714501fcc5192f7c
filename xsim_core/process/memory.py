"""How much memory a stage really took, its worker processes included."""

import threading
import time
from collections.abc import Callable
from typing import Self

import psutil

PERIOD_S = 0.5
PROPORTIONAL_EVERY_S = 10.0
"""Forked workers make shared pages their own without growing, so the exact sum is also taken when
nothing seems to have grown."""


class PeakMemory:
    """Samples the memory of this process and its descendants while the block runs.

    Pages that processes share count once (proportional set size, where Linux tells it); peaks
    shorter than half a second can be missed.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        process, most_resident, due_s = psutil.Process(), 0, 0.0
        while True:
            tree = [process, *process.children(recursive=True)]
            resident = sum(_bytes(p, _resident_bytes) for p in tree)
            # Walking a process's page tables takes ten milliseconds and makes it wait: seldom.
            if resident > 1.02 * most_resident or time.monotonic() > due_s:
                most_resident = max(resident, most_resident)
                due_s = time.monotonic() + PROPORTIONAL_EVERY_S
                shared_once = sum(_bytes(p, _proportional_bytes) for p in tree)
                self.peak_mb = max(self.peak_mb, shared_once / 2**20)
            if self._stop.wait(PERIOD_S):
                return


def _resident_bytes(process: psutil.Process) -> int:
    return process.memory_info().rss


def _proportional_bytes(process: psutil.Process) -> int:
    full = process.memory_full_info()
    return getattr(full, "pss", full.rss)


def _bytes(process: psutil.Process, measure: Callable[[psutil.Process], int]) -> int:
    try:
        return measure(process)
    except psutil.Error:
        return 0  # It ended between being listed and being asked.
