#!/usr/bin/env bash
# trimesh 5.2.0's convex_hull of points in one plane is a closed, convex mesh without volume, whose centre of
# mass is nan, and no error.
#
# Package:  trimesh 5.2.0, scipy 1.17.1
# Expected: points without a hull in three dimensions are an error, as for SciPy's ConvexHull, which trimesh
#           calls ("QH6154 Qhull precision error: Initial simplex is flat"); its docstring promises to attempt "a
#           watertight mesh with correct normals".
# Seen:     a square of four points gives 4 faces, is_watertight and is_convex True, volume 0.0, center_mass
#           [nan nan nan] and NumPy's "invalid value encountered in divide"; 50 points of a plane that is
#           tilted by 20 degrees give is_volume True with a volume of 5e-18, a center_mass 0.5 away from their
#           middle, and no warning at all. What Qhull refuses is tried again with "QJ", which moves the points
#           a little; only the debug log says so.
# Matters:  a scanned table top, a sheet or a lid becomes a collision body of no mass or of nan, which a
#           physics engine takes, or refuses far from the cause.
# Instead:  look at hull.volume against hull.area (or the smallest singular value of the centred points) before
#           using it, and give flat pieces a thickness.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install trimesh==5.2.0 scipy==1.17.1 numpy==2.4.6 networkx==3.6.1
"$python" - <<'PY'
import warnings

import numpy as np
import trimesh
from scipy.spatial import ConvexHull, QhullError

c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
flat = np.c_[np.random.default_rng(0).uniform(size=(50, 2)), np.zeros(50)]
square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1.0, 0]])
tilted = flat @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T


def refused_by_scipy(points):
    try:
        ConvexHull(points)
    except QhullError:
        return True
    return False


print("trimesh", trimesh.__version__, "- expected: an error for both, as SciPy's:", end=" ")
print([refused_by_scipy(points) for points in (square, tilted)])
hulls = []
for name, points in (("square", square), ("tilted", tilted)):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        hull = trimesh.convex.convex_hull(points)
        mass = hull.center_mass
    hulls.append(hull)
    print(f"seen: {name}: {len(hull.faces)} faces, watertight {hull.is_watertight}, convex {hull.is_convex}, "
          f"is_volume {hull.is_volume}, volume {hull.volume:.0e}, center_mass {mass.round(2)}, "
          f"warnings {sorted({str(w.message) for w in said})}")  # fmt: skip
if not all(map(refused_by_scipy, (square, tilted))):
    raise SystemExit("changed: SciPy has a hull for them")
if max(hull.volume for hull in hulls) > 1e-12 or not all(hull.is_watertight for hull in hulls):
    raise SystemExit("changed: the hull has a volume, or is open")
if not np.isnan(hulls[0].center_mass).any() or not hulls[1].is_volume:
    raise SystemExit("changed: it is said that there is no volume")
print("holds: a closed body without volume")
PY
