"""Waiting for what other threads and processes do, however slow the machine is."""

import time

PATIENCE_S = 100.0
"""Twenty times and more what anything here takes: whatever takes longer hangs."""


def until(condition, *, patience_s=PATIENCE_S):
    """What ``condition`` answers, asked until that is true."""
    end_s = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < end_s, f"not within {patience_s:g} s"
        time.sleep(0.01)
    return found
