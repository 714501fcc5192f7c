#!/usr/bin/env bash
# point-cloud-utils 0.34.0's deduplicate_point_cloud keeps points 20 nm apart at a tolerance of 50 mm, and merges
# others 83 mm apart.
#
# Package:  point-cloud-utils 0.34.0
# Expected: "two points are considered the same if their distance is below some threshold", epsilon: "threshold
#           below which two points are considered equal".
# Seen:     coordinates are rounded to multiples of epsilon and compared: x = 0.02499999 and 0.02500001 stay two
#           points at epsilon 0.05, (0.026, 0.026, 0.026) and (0.074, 0.074, 0.074), 0.083 apart, become one.
#           Of 10 000 pairs at half the tolerance, 60 % are kept as two. deduplicate_mesh_vertices is the same.
# Matters:  a tolerance is chosen to close the seam between two scans; the seam stays open wherever it crosses
#           the grid, the mesh is not watertight, and details larger than the tolerance are merged elsewhere.
# Instead:  scipy.spatial.cKDTree(points).query_pairs(epsilon) and connected components.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install point-cloud-utils==0.34.0 numpy==2.4.6
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
import point_cloud_utils as pcu

EPSILON = 0.05


def num_kept(*points):
    kept = pcu.deduplicate_point_cloud(np.array(points, float), EPSILON)[0]
    return len(np.reshape(kept, (-1, 3)))  # A single point comes as shape (3,).


print("point-cloud-utils", version("point-cloud-utils"), "epsilon", EPSILON)
near, far = num_kept((0.02499999, 0, 0), (0.02500001, 0, 0)), num_kept([0.026] * 3, [0.074] * 3)
print("2e-8 apart: expected 1 point, seen", near)
print(f"{0.048 * 3**0.5:.3f} apart: expected 2 points, seen", far)

rng = np.random.default_rng(0)
ones = rng.uniform(-1, 1, (10_000, 3))
way = rng.normal(size=ones.shape)
others = ones + way / np.linalg.norm(way, axis=1, keepdims=True) * EPSILON / 2
two = np.mean([num_kept(one, other) == 2 for one, other in zip(ones, others)])
print(f"pairs at half of epsilon: expected none kept as two, seen {two:.0%}")

triangles = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.02499999], [0, 1, 0.02500001], [1, 0, 0], [1, 1, 0]])
vertices = pcu.deduplicate_mesh_vertices(triangles, np.array([[0, 1, 2], [3, 4, 5]]), EPSILON)[0]
print("two triangles with a common edge: expected 4 vertices, seen", len(vertices))
if (near, far, len(vertices)) != (2, 1, 5) or not 0.4 < two < 0.7:
    raise SystemExit("changed: distances decide")
print("holds: a grid decides")
PY
