#!/usr/bin/env bash
# python-fcl 0.7.0.11: the distance between two equal boxes that stand in line is up to 41 % too large, and its nearest
# points are not the nearest.
#
# Package:  python-fcl 0.7.0.11 (FCL 0.7.0), numpy 2.4.6
# Expected: "Minimum distance between two objects", "correct as a positive value when the two objects are not in
#           collision" (FCL's distance_result.h): two unit cubes whose centres are 2 m apart in y and in z are
#           sqrt(2) = 1.414 m apart.
# Seen:     1.732 m, between (-0.5, 0.5, 0.5) and (0.5, 1.5, 1.5), though (0.5, 0.5, 0.5) is nearer; both turned by 90
#           degrees about z and 2 m apart in x: 1.414 instead of 1.0. Of all 416 places of cubes on a grid of 2 m,
#           turned by multiples of 90 degrees, 100 are wrong, always too large. With enable_signed_distance and the
#           other gjk_solver_type alike. Moved aside by 0.1 m it is exact, and so is the same cube as a mesh
#           (BVHModel), in all 416 places.
# Matters:  boxes for table, shelves and racks are laid out in line and on grids, in planners' scenes and in tests: a
#           clearance that is checked by this distance is 41 % larger than there is.
# Instead:  boxes as BVHModel meshes for distances, coal 3.0.3 (exact for all of these), or AABB arithmetic for boxes
#           that are parallel to the axes.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install python-fcl==0.7.0.11 numpy==2.4.6
"$python" - <<'PY'
import itertools

import fcl
import numpy as np

CORNERS = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ]
)  # fmt: skip


def mesh():
    made = fcl.BVHModel()
    made.beginModel(len(CORNERS), len(FACES))
    made.addSubModel(CORNERS, FACES)
    made.endModel()
    return made


def turned(quarters):
    c, s = [(1, 0), (0, 1), (-1, 0), (0, -1)][quarters]
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def distance(shape, place, R=turned(0), S=turned(0), **options):
    request = fcl.DistanceRequest(enable_nearest_points=True, **options)
    result = fcl.DistanceResult()
    one = fcl.CollisionObject(shape, fcl.Transform(R, np.zeros(3)))
    other = fcl.CollisionObject(shape, fcl.Transform(S, np.array(place, float)))
    return fcl.distance(one, other, request, result), result.nearest_points


def apart(place):
    """Of two unit cubes parallel to the axes."""
    return float(np.linalg.norm(np.maximum(np.abs(place) - 1, 0)))


box, triangles = fcl.Box(1, 1, 1), mesh()
told, points = distance(box, (0, 2, 2))
print(f"2 m in y and z: {told:.4f} for {apart((0, 2, 2)):.4f}, between", *(p.round(3).tolist() for p in points))
aside = distance(box, (0.1, 2, 2.1))[0]
wrong, largest, number, mesh_off = 0, 0.0, 0, 0.0
for i, j, *place in itertools.product(range(4), range(4), *[(-2, 0, 2)] * 3):
    if any(place):
        off = distance(box, place, turned(i), turned(j))[0] / apart(place) - 1
        number, wrong, largest = number + 1, wrong + (abs(off) > 1e-3), max(largest, off)
        off = distance(triangles, place, turned(i), turned(j))[0] - apart(place)
        mesh_off = max(mesh_off, abs(off))
print(f"{wrong} of {number} places are wrong, by {100 * largest:.0f} % at most; as meshes by {mesh_off:.1e} m")
others = [
    distance(box, (0, 2, 2), **options)[0]
    for options in ({"enable_signed_distance": True}, {"gjk_solver_type": fcl.GJKSolverType.GST_INDEP})
]
print("other options:", others, "moved aside:", aside)
is_as_stated = (
    abs(told - np.sqrt(3)) < 1e-3
    and (wrong, number) == (100, 416)
    and 0.41 < largest < 0.42
    and mesh_off < 1e-6
    and abs(aside - apart((0.1, 2, 2.1))) < 1e-3
    and np.allclose(others, np.sqrt(3), atol=1e-3)
)
if not is_as_stated:
    raise SystemExit(f"changed: {told} {wrong} {number} {largest} {mesh_off} {aside} {others}")
print("holds: boxes in line are told to be farther apart than they are")
PY
