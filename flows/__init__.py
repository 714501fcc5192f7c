"""Prefect flows, and the command line around them."""

import os

# Set before torch loads OpenMP: idle OpenMP threads spin by default, which on cores shared with the
# simulator's processes made a training step ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
