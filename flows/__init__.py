"""Prefect flows, and the command line around them."""

import os

# Set before torch loads OpenMP, whose idle threads spin for milliseconds: on cores shared with the
# simulator's processes that made a training step ten times slower. Threads that sleep at once are
# slow on idle cores, for a step has hundreds of short parallel parts. So they spin for some
# microseconds, and then sleep (docs/benchmarks.md).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
