#!/usr/bin/env bash
# meshio 5.3.5 reads an OBJ's texture coordinates and normals in file order, not by the faces' indices: corners get
# each other's.
#
# Package:  meshio 5.3.5
# Expected: "f v/vt/vn" says which vt and vn belong to which corner (the format's specification), and meshio's
#           point_data is an array "per point": row i belongs to points[i]. Negative indices count from the end: in
#           a file of 4 vertices "f -3 -2 -1" is the second, third and fourth.
# Seen:     a square whose vt lines are in another order than its v lines has point_data["obj:vt"] in the order
#           of the vt lines: 3 of the 4 corners wrong. obj:vn likewise. "f -3 -2 -1" is read as [-4, -3, -2], which in
#           NumPy are the first, second and third vertices: shifted by one. "v x y z r g b" (what scanners
#           export) makes points of shape (n, 6).
# Matters:  the counts agree whenever a mesh has one vt a vertex, so nothing raises; textures are scrambled,
#           normals belong to others, and the mesh itself looks right.
# Instead:  trimesh.load(path, process=False) or PyMeshLab, which split the vertices along seams.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install meshio==5.3.5 numpy==2.4.6
"$python" - "$work/mesh.obj" <<'PY'
import sys
from pathlib import Path

import meshio
import numpy as np

path = Path(sys.argv[1])
V = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def read(text):
    path.write_text(text)
    return meshio.read(path)


uv = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])  # The file's order; the corner (1, 0) has the third.
N = "vn 0 0 1\nvn 1 0 0\nvn 0 1 0\nvn 0 0 -1\n"
vt = "".join(f"vt {u:g} {v:g}\n" for u, v in uv)
mesh = read(V + vt + N + "f 1/1/4 2/3/3 3/4/2\nf 1/1/4 3/4/2 4/2/1\n")
print("texture coordinates: expected", mesh.points[:, :2].tolist())
print("                     seen    ", mesh.point_data["obj:vt"].tolist())
wrong = (mesh.point_data["obj:vt"] != mesh.points[:, :2]).any(1).sum()
first = mesh.point_data["obj:vn"][0].tolist()
print("normal of the first corner: expected [0, 0, -1], seen", first)
faces = read(V + "f -3 -2 -1\n").cells[0].data[0]
print("f -3 -2 -1: expected vertices [1, 2, 3], seen", faces.tolist(), "which are", (np.arange(4)[faces]).tolist())
coloured = read(V.replace(" 0\n", " 0 0.5 0.5 0.5\n") + "f 1 2 3\n").points.shape
print("points with colours: expected (4, 3), seen", coloured)
if wrong != 3 or first != [0, 0, 1]:
    raise SystemExit("changed: the faces' indices are used")
if np.arange(4)[faces].tolist() != [0, 1, 2] or coloured != (4, 6):
    raise SystemExit("changed: negative indices or colours are read otherwise")
print("holds: file order")
PY
