"""How much memory a stage really took, its worker processes included."""

import threading
from typing import Self

import psutil

PERIOD_S = 0.5


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
        process = psutil.Process()
        while True:
            total = _memory_bytes(process)
            total += sum(_memory_bytes(child) for child in process.children(recursive=True))
            self.peak_mb = max(self.peak_mb, total / 2**20)
            if self._stop.wait(PERIOD_S):
                return


def _memory_bytes(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0  # It ended between being listed and being asked.
    return getattr(full, "pss", full.rss)
