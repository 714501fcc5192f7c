#!/usr/bin/env bash
# python-fcl 0.7.0.11's nearest points of a mesh and a sphere are each in its own object's frame, those of every other
# pair are in the world.
#
# Package:  python-fcl 0.7.0.11 (FCL 0.7.0), numpy 2.4.6
# Expected: "Nearest points in the world coordinates" (FCL's distance_result.h), as for mesh and mesh, mesh and box,
#           capsule or ellipsoid, sphere and box: they are as far apart as the distance that is answered beside them.
# Seen:     a unit cube as a mesh at (1, 2, 3) and a sphere of radius 0.5 at (3, 2, 3): distance 1.0, right, and the
#           points (0.5, 0, 0) and (-0.5, 0, 0), which are 1 m apart by chance; with the sphere at (4, 2, 3) they are
#           the same and still 1 m apart at a distance of 2. The same sphere as an Ellipsoid: (1.5, 2, 3) and
#           (2.5, 2, 3).
# Matters:  spheres are what robots are approximated by for clearance, scans are meshes: gradients and repulsion taken
#           from these points push along a wrong direction, and a drawing of them is at the world's origin.
# Instead:  transform each point by its object's pose for this pair (result.o1 says which is first), or an Ellipsoid of
#           three equal radii in the sphere's place.
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
cube = fcl.BVHModel()
cube.beginModel(len(CORNERS), len(FACES))
cube.addSubModel(CORNERS, FACES)
cube.endModel()


def nearest(shape, place):
    result = fcl.DistanceResult()
    one = fcl.CollisionObject(cube, fcl.Transform(np.array([1.0, 2, 3])))
    other = fcl.CollisionObject(shape, fcl.Transform(np.array(place, float)))
    told = fcl.distance(one, other, fcl.DistanceRequest(enable_nearest_points=True), result)
    return told, np.array(result.nearest_points)


shapes = {"sphere": fcl.Sphere(0.5), "ellipsoid": fcl.Ellipsoid(0.5, 0.5, 0.5), "box": fcl.Box(1, 1, 1)}
seen = {}
for (name, shape), x in itertools.product(shapes.items(), (3, 4)):
    told, points = nearest(shape, (x, 2, 3))
    seen[name, x] = told, points
    between = np.linalg.norm(points[1] - points[0])
    print(f"{name:9} at x = {x}: distance {told:.3f}, points", *points.round(3).tolist(), f"{between:.3f} apart")
local = [[0.5, 0, 0], [-0.5, 0, 0]]
is_as_stated = all(
    abs(seen["sphere", x][0] - (x - 2)) < 1e-3
    and np.allclose(seen["sphere", x][1], local, atol=1e-3)
    and np.allclose(seen["ellipsoid", x][1], [[1.5, 2, 3], [x - 0.5, 2, 3]], atol=0.02)
    and np.allclose(seen["box", x][1][:, 0], [1.5, x - 0.5], atol=1e-3)
    for x in (3, 4)
)
if not is_as_stated:
    raise SystemExit(f"changed: {seen}")
print("holds: a mesh and a sphere answer in their own frames, other pairs in the world's")
PY
