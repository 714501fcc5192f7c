#!/usr/bin/env bash
# point-cloud-utils 0.34.0 and libigl 2.6.3 scale a signed distance by the winding number: near an open scan 1 m
# is 0.41 m, with the right sign and without a word.
#
# Package:  point-cloud-utils 0.34.0, libigl 2.6.3
# Expected: winding numbers decide the sign, so |signed distance| is the distance to the closest point:
#           libigl names its argument the "method for computing distance sign", point-cloud-utils says
#           "signed distances ... using Fast Winding Numbers".
# Seen:     both multiply the distance by 1 - 2 w, which is +-1 only where w is exactly 0 or 1. A box of 2 m
#           without its lid, 0.5 m above the floor's middle: 0.41 for 1.0 (closest_points_on_mesh, and libigl's
#           pseudonormal: 1.0). Outside libigl's exact winding numbers also give more than the distance: 0.544
#           for 0.5. On a closed box the fast kind is up to 0.2 % short, so the zero level alone is right.
# Matters:  scans and photogrammetry are open; a truncated distance field, a collision margin or a sphere
#           tracer that steps by 0.544 where the surface is at 0.5 is wrong, or goes through.
# Instead:  copysign(closest_points_on_mesh(p, v, f)[0], signed_distance_to_mesh(p, v, f)[0]).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install point-cloud-utils==0.34.0 libigl==2.6.3 numpy==2.4.6 scipy==1.17.1
"$python" - <<'PY'
from importlib.metadata import version
from itertools import product

import igl
import numpy as np
import point_cloud_utils as pcu

corners = np.array(list(product((-1.0, 1.0), repeat=3)))
quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]  # The last: the lid.
faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
points = np.array([[0, 0, 0.5], [0, 0, -1.5], [0, 3, 0.5]])
fast, exact = igl.SIGNED_DISTANCE_TYPE_FAST_WINDING_NUMBER, igl.SIGNED_DISTANCE_TYPE_WINDING_NUMBER

print("point-cloud-utils", version("point-cloud-utils"), "libigl", version("libigl"))
seen = {}
for name, mesh in (("closed", faces), ("without lid", faces[:-2])):
    closest = pcu.closest_points_on_mesh(points, corners, mesh)[0]
    by_normals = igl.signed_distance(points, corners, mesh, igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL)[0]
    if not np.allclose(np.abs(by_normals), closest):
        raise SystemExit("changed: the two disagree about the closest point")
    seen[name] = {
        "point-cloud-utils": pcu.signed_distance_to_mesh(points, corners, mesh)[0],
        "libigl, fast": igl.signed_distance(points, corners, mesh, fast)[0],
        "libigl, exact": igl.signed_distance(points, corners, mesh, exact)[0],
    }
    print(f"{name}: closest point at {closest.round(4).tolist()}")
    for which, answer in seen[name].items():
        print(f"  {which}: {answer.round(4).tolist()}, {(np.abs(answer) / closest).round(4).tolist()} of it")

opened = seen["without lid"]
if abs(abs(opened["point-cloud-utils"][0]) - 0.4097) > 1e-3 or abs(opened["libigl, exact"][1] - 0.544) > 1e-3:
    raise SystemExit("changed: the winding number only decides the sign now, or scales otherwise")
if not np.allclose(opened["libigl, fast"], opened["point-cloud-utils"], atol=1e-4):
    raise SystemExit("changed: the two no longer scale alike")
if not 5e-4 < 2 - seen["closed"]["point-cloud-utils"][2] < 5e-3:
    raise SystemExit("changed: distances from a closed mesh are otherwise")
print("holds: the distance is scaled by the winding number")
PY
