#!/usr/bin/env bash
# usd-core 26.11: a Gf.Quatf is made and printed w first, an array of them in NumPy is x, y, z, w: orientations that
# are written as (n, 4) rows of w, x, y, z turn everything.
#
# Package:  usd-core 26.11
# Expected: Gf.Quatf(1, 0, 0, 0) is the identity, the .usda text says (1, 0, 0, 0), and Isaac Sim and MuJoCo are w
#           first; so Vt.QuatfArray.FromNumpy takes rows in that order and np.array(QuatfArray) gives them.
#           FromNumpy has no docstring.
# Seen:     both are x, y, z, w, the order in memory. Of rows w, x, y, z the identity becomes half a turn about x, and a
#           quarter turn about z a quarter turn about x: a PointInstancer's x axis stays at (1, 0, 0) instead of
#           going to (0, 1, 0). The file then says (0, 1, 0, 0). Lengths are kept, so nothing
#           looks wrong.
# Matters:  PointInstancer.orientations, joints' frames and animated rotations are written as arrays; scattered
#           objects and exported trajectories get other rotations, and read back "right" with the same mistake.
# Instead:  FromNumpy(quat_wxyz[:, [1, 2, 3, 0]]), and np.array(quats)[:, [3, 0, 1, 2]]; check one against Gf.Quatf.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install usd-core==26.11 numpy==2.4.6
"$python" - <<'PY'
import numpy as np
from pxr import Gf, Usd, UsdGeom, Vt

HALF = np.sqrt(0.5)
wxyz = np.array([[1, 0, 0, 0], [HALF, 0, 0, HALF]])  # Identity, a quarter turn about z.


def x_axes(quats):
    stage = Usd.Stage.CreateInMemory()
    instancer = UsdGeom.PointInstancer.Define(stage, "/objects")
    cube = UsdGeom.Cube.Define(stage, "/objects/cube")
    instancer.CreatePrototypesRel().AddTarget(cube.GetPath())
    instancer.CreateProtoIndicesAttr([0, 0])
    instancer.CreatePositionsAttr([(0, 0, 0)] * 2)
    instancer.CreateOrientationsAttr(quats)
    poses = instancer.ComputeInstanceTransformsAtTime(0, 0)
    return np.round([pose.TransformDir(Gf.Vec3d(1, 0, 0)) for pose in poses], 3) + 0.0


one_by_one = Vt.QuathArray([Gf.Quath(*map(float, row)) for row in wxyz])
as_array = Vt.QuathArray.FromNumpy(wxyz.astype(np.float16))
print("USD", Usd.GetVersion())
print("where x goes: expected", x_axes(one_by_one).tolist(), "seen", x_axes(as_array).tolist())
print("the array's:", list(as_array), "- read back:", np.array(as_array)[1].tolist())
print("np.array of Gf.Quatf(1, 2, 3, 4):", np.array(Vt.QuatfArray([Gf.Quatf(1, 2, 3, 4)]))[0].tolist())
if not np.allclose(x_axes(one_by_one), [[1, 0, 0], [0, 1, 0]], atol=1e-3):
    raise SystemExit("changed: Gf.Quath is no longer w first")
if np.array(Vt.QuatfArray([Gf.Quatf(1, 2, 3, 4)]))[0].tolist() != [2, 3, 4, 1]:
    raise SystemExit("changed: arrays are in another order")
if as_array[0] != Gf.Quath(0, 1, 0, 0) or not np.allclose(x_axes(as_array), [[1, 0, 0]] * 2, atol=1e-3):
    raise SystemExit("changed: FromNumpy takes another order")
print("holds: arrays are x, y, z, w")
PY
