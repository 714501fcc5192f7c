"""xsim_core/process/memory.py, each in a process of its own: one after tests gives memory back."""

import subprocess
import sys

MEASURE = """
import subprocess, sys
import numpy as np
from tests.waiting import until
from xsim_core.process.memory import PeakMemory
with PeakMemory() as base:
    pass
def measured(mb):
    until(lambda: memory.peak_mb - base.peak_mb > mb)
    memory._stop.wait(1.2)  # Once or twice more, for what would be counted twice.
with PeakMemory() as memory:
    {block}
print(memory.peak_mb - base.peak_mb)
"""
FILL = "x = bytearray(200 << 20); x[::4096] = b'1' * len(x[::4096]); import os, sys; "


def grown_mb(block: str) -> float:
    command = [sys.executable, "-c", MEASURE.format(block=block)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def grown_mb_by_child(program: str) -> float:
    """With a child that stays until it was measured."""
    program += "sys.stdin.read()"
    begin = f"subprocess.Popen([sys.executable, '-c', {program!r}], stdin=subprocess.PIPE)"
    return grown_mb(f"child = {begin}; measured(190); child.communicate()")


def test_own_memory_counts():
    assert 274 < grown_mb("block = np.ones(40_000_000); measured(274)") < 450


def test_children_count():
    assert 190 < grown_mb_by_child(FILL) < 300


def test_shared_pages_count_once():
    assert 190 < grown_mb_by_child(FILL + "os.fork(); ") < 300
