#!/usr/bin/env bash
# scikit-image's marching_cubes has no setting that is right for a signed distance field: either the faces or
# the normals, or both, point inside.
#
# Package:  scikit-image 0.26.0
# Expected: for a field that grows outwards, gradient_direction="ascent" ("Exterior was greater than object")
#           gives a mesh of positive volume with outward normals; "descent" is for densities.
# Seen:     sphere of radius 6 voxels, volume 905: "ascent" gives volume -890 and normals that point inside (0
#           % outwards); "descent" gives volume +890 and the same inward normals, so the triangles and their
#           own normals disagree. gradient_direction does not touch the normals.
# Matters:  TSDF and SDF meshes are lit from within, Poisson or ray casts by normal take inside for outside,
#           and the mass of an "ascent" mesh is negative.
# Instead:  "descent" for a signed distance, and -normals (or recompute them from the faces).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install scikit-image==0.26.0 numpy==2.4.6
"$python" - <<'PY'
import numpy as np
import skimage
from skimage.measure import marching_cubes

grid = np.mgrid[-10:11, -10:11, -10:11]
distance = np.sqrt((grid**2).sum(axis=0)) - 6.0  # negative inside, grows outwards

print("scikit-image", skimage.__version__, "- expected for one of them: volume 890, normals 100 % outwards")
results = {}
for direction in ("descent", "ascent"):
    vertices, faces, normals, _ = marching_cubes(distance, 0.0, gradient_direction=direction)
    vertices = vertices - 10
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
    outwards = ((normals * vertices).sum(axis=1) > 0).mean()
    print(f"seen: {direction:8} volume {volume:5.0f}, normals {100 * outwards:.0f} % outwards")
    results[direction] = volume > 0, outwards > 0.5
if (True, True) in results.values():
    raise SystemExit("changed: one of them is right for a signed distance")
print("holds: neither has faces and normals outwards")
PY
