"""xsim_core/memory.py."""

import subprocess
import sys

import numpy as np

from xsim_core.memory import PeakMemory


def test_own_memory_counts():
    with PeakMemory() as base:
        pass
    with PeakMemory() as memory:
        block = np.ones(40_000_000)  # 305 MiB
        memory._stop.wait(1.2)
    assert block.nbytes / 2**20 * 0.9 < memory.peak_mb - base.peak_mb < 450


def test_children_count():
    hold = "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(2)"
    with PeakMemory() as base:
        pass
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", hold], check=True)
    assert memory.peak_mb - base.peak_mb > 190


def test_shared_pages_count_once():
    share = (
        "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096]); "
        "import os, time; os.fork(); time.sleep(2)"
    )
    with PeakMemory() as base:
        pass
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", share], check=True)
    assert 190 < memory.peak_mb - base.peak_mb < 300
