"""xsim_core/memory.py."""

import subprocess
import sys

from xsim_core.memory import PeakMemory

OWN = """
import numpy as np
from xsim_core.memory import PeakMemory
with PeakMemory() as base:
    pass
with PeakMemory() as memory:
    block = np.ones(40_000_000)
    memory._stop.wait(1.2)
print(memory.peak_mb - base.peak_mb)
"""


def test_own_memory_counts():
    # In a process of its own: one that ran other tests gives back some of theirs meanwhile.
    said = subprocess.run([sys.executable, "-c", OWN], check=True, capture_output=True, text=True)
    assert 305 * 0.9 < float(said.stdout) < 450


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
