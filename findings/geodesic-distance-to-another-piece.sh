#!/usr/bin/env bash
# libigl 2.6.3's exact_geodesic says that what cannot be reached is 0 away, potpourri3d 1.4.0's heat method that it is
# 1.55 m away: two pieces that do not touch look like a source and like a distance.
#
# Package:  libigl 2.6.3, potpourri3d 1.4.0
# Expected: there is no path between two pieces, so the distance is infinite, as SciPy's dijkstra
#           answers, or not a number, or the call is refused. libigl documents D as
#           "geodesic distances from each target to the nearest source".
# Seen:     two spheres of radius 1, 5 m apart, a source on the first: exact_geodesic gives 0.0 on every vertex of
#           the second (and up to 3.1 on the first), compute_distance a constant 1.5 in the middle of the first's own
#           range (0 to 3.1). No warning.
# Matters:  scans and CAD exports are of several pieces; "nearest to the contact" then begins on another piece,
#           and thresholds on the distance let all of it through.
# Instead:  scipy.sparse.csgraph.connected_components first, and infinity wherever the source's piece ends.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install libigl==2.6.3 potpourri3d==1.4.0 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
from importlib.metadata import version

import igl
import numpy as np
import potpourri3d
from scipy.sparse.csgraph import dijkstra

corners, triangles = igl.icosahedron()
vertices, faces = igl.loop(np.array(corners, float), np.array(triangles), 3)
vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
n = len(vertices)
V, F = np.vstack([vertices, vertices + [5, 0, 0]]), np.vstack([faces, faces + n])
assert F.max() == len(V) - 1

print("libigl", version("libigl"), "potpourri3d", version("potpourri3d"))
along_edges = dijkstra(igl.adjacency_matrix(F), indices=0, unweighted=True)
exact = igl.exact_geodesic(V, F, VS=np.array([0]), VT=np.arange(2 * n))
heat = potpourri3d.compute_distance(V, F, 0)
for name, D in (("dijkstra (edges)", along_edges), ("libigl exact", exact), ("potpourri3d heat", heat)):
    print(f"{name}: own piece {D[:n].min():.2f} to {D[:n].max():.2f}, other piece {D[n:].min():.2f} to {D[n:].max():.2f}")
if not np.isinf(along_edges[n:]).all() or abs(exact[:n].max() - np.pi) > 0.1 or abs(heat[:n].max() - np.pi) > 0.2:
    raise SystemExit("changed: what is reached is otherwise")
if (exact[n:] != 0).any():
    raise SystemExit("changed: libigl tells what it cannot reach")
if np.ptp(heat[n:]) > 1e-6 or not 0.5 < heat[n] < 2.5:
    raise SystemExit("changed: potpourri3d tells what it cannot reach")
print("holds: finite distances to what cannot be reached")
PY
