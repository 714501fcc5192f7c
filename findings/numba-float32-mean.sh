#!/usr/bin/env bash
# numba 0.68.1's mean and std of a float32 depth image are off by 5 mm: a wall at 1.43 m averages 1.4352 m.
#
# Package:  numba 0.68.1, numpy 2.4.6
# Expected: compiling a.mean() keeps NumPy's answer, 1.43 with a std of 1e-7 (NumPy sums float32 pairwise).
# Seen:     a 480 x 640 image of 1.43 m: mean 1.43518, std 0.00518; 24 million ones: sum 16777216, mean 0.699.
#           The compiled loop adds up in one float32.
# Matters:  plane fits, depth statistics and normalisation constants computed "faster, but the same" move by
#           millimetres that depend on the image's size, and saturate at 2**24 items.
# Instead:  a.astype(np.float64).mean(), or a loop with a float64 accumulator.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install numba==0.68.1 numpy==2.4.6
"$python" - <<'PY'
import numba
import numpy as np


@numba.njit
def statistics(a):
    return a.mean(), a.std()


wall = np.full((480, 640), 1.43, np.float32)
ones = np.ones(24_000_000, np.float32)
mean, std = statistics(wall)
ones_mean, _ = statistics(ones)
print("numba", numba.__version__, "- NumPy", np.__version__)
print(f"expected: mean {wall.mean():.5f}, std {wall.std():.5f}; 24 million ones {ones.mean():.3f}")
print(f"seen:     mean {mean:.5f}, std {std:.5f}; 24 million ones {ones_mean:.3f}")
if abs(mean - 1.43) < 1e-3 or ones_mean > 0.9:
    raise SystemExit("changed: it is summed with more care now")
print(f"holds: {1000 * (mean - 1.43):.1f} mm off")
PY
