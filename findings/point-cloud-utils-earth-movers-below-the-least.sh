#!/usr/bin/env bash
# point-cloud-utils 0.34.0's earth_movers_distance answers 0.77 m for a cloud and itself moved by 1 m: less than any
# transport can cost, because its plan does not carry the cloud.
#
# Package:  point-cloud-utils 0.34.0
# Expected: "The earth mover's distance between point clouds p and q". For q = p + (1, 0, 0) it is 1 exactly (the
#           mean moves by 1, so no plan costs less; SciPy's assignment finds 1.0), and Sinkhorn's regularized plan
#           costs more, never less.
# Seen:     200 points of a unit cube: 0.774. The plan's columns sum to 1 / n, its rows to 0.06 to 9 times
#           that: 100 iterations at eps = 1e-4 have not met the marginals, and nothing says so. 200 normally
#           distributed points: 0.549. In a cube of 1 cm the same call is right to 1 %: eps is in the clouds' own unit.
# Matters:  the same two shapes compare otherwise in metres and centimetres; a loss or a table of reconstruction
#           errors gets better as the iteration fails.
# Instead:  check the plan (abs(P.sum(1) * n - 1).max()) and raise eps, or scipy.optimize.linear_sum_assignment.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install point-cloud-utils==0.34.0 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
from importlib.metadata import version

import numpy as np
import point_cloud_utils as pcu
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

N = 200
print("point-cloud-utils", version("point-cloud-utils"))


def compare(name, cloud, shift):
    moved = cloud + [shift, 0, 0]
    cost = cdist(cloud, moved)
    exact = cost[linear_sum_assignment(cost)].mean() / shift
    answer, plan = pcu.earth_movers_distance(cloud, moved)
    rows, columns = plan.sum(1) * N, plan.sum(0) * N
    print(
        f"{name}: expected {exact:.3f}, seen {answer / shift:.3f}; mass leaving a point (1): {rows.min():.2f} to"
        f" {rows.max():.2f}, arriving: {columns.min():.2f} to {columns.max():.2f}"
    )
    return answer / shift


rng = np.random.default_rng(0)
unit = compare("a cube of 1 m, moved by 1 m", rng.uniform(size=(N, 3)), 1.0)
normal = compare("normally distributed, moved by 1 m", rng.normal(size=(N, 3)), 1.0)
small = compare("a cube of 1 cm, moved by 1 cm", 0.01 * rng.uniform(size=(N, 3)), 0.01)
if not (unit < 0.85 and normal < 0.75 and abs(small - 1) < 0.03):
    raise SystemExit("changed: the answer is a distance, or fails otherwise")
print("holds: less than the least")
PY
