#!/usr/bin/env bash
# laspy 2.7.0's new files round every coordinate to a centimetre: an indoor scan loses its surface, silently
# and already in memory.
#
# Package:  laspy 2.7.0
# Expected: las.xyz = points keeps float64 points to well below the sensor's noise, or picks scales from the
#           data; laspy.create()'s documentation speaks of no rounding.
# Seen:     header.scales is [0.01 0.01 0.01]; reading las.xyz back at once differs by up to 5.000 mm for
#           points in a unit cube; 100000 points on a plane tilted by 1 cm per metre lie on 11 levels.
# Matters:  LAS is the exchange format of scanners and photogrammetry; ICP and normals on a table-top scan see
#           a staircase of 1 cm.
# Instead:  header = laspy.LasHeader(point_format=3); header.scales = [1e-4] * 3; header.offsets =
#           points.min(axis=0), before the points go in.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install laspy==2.7.0 numpy==2.4.6
"$python" - <<'PY'
import laspy
import numpy as np

rng = np.random.default_rng(0)
points = rng.uniform(0, 1, (100_000, 3))
points[:, 2] = 0.1 * points[:, 0]  # a plane, 10 cm high at its end


def stored(header):
    las = laspy.LasData(header) if header else laspy.create()
    las.xyz = points
    return np.asarray(las.xyz), las.header.scales


seen, scales = stored(None)
header = laspy.LasHeader(point_format=3)
header.scales, header.offsets = [1e-4] * 3, points.min(axis=0)
fine, _ = stored(header)

print("laspy", laspy.__version__, "- scales", scales)
print("expected: below 0.1 mm off")
print(f"seen:     {1000 * np.abs(seen - points).max():.3f} mm off, {len(np.unique(seen[:, 2]))} heights")
print(f"          with scales of 1e-4: {1000 * np.abs(fine - points).max():.3f} mm off")
if np.abs(seen - points).max() < 1e-3:
    raise SystemExit("changed: the default is finer now")
print("holds: a grid of 1 cm")
PY
