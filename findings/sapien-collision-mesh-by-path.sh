#!/usr/bin/env bash
# SAPIEN 3.0.3 keeps convex collision meshes by file name: a mesh written again under the same path collides,
# and weighs, as the first one did.
#
# Package:  sapien 3.0.3
# Expected: a builder reads the file it is given, in a new scene at the latest.
# Seen:     a cube of 0.1 m (1 kg at 1000 kg/m3) and then one of 0.4 m (64 kg) are written to the same path; the
#           second actor weighs 1.0 kg too, in a new scene with a new physics system. Under another file name,
#           or after sapien.physx.clear_cache(), it weighs 64.0 kg.
# Matters:  pipelines that write scene_00.obj, object.obj or a temporary file for each episode simulate the
#           first episode's object all along, under the new object's picture.
# Instead:  a path of its own for every mesh (its hash in the name), or sapien.physx.clear_cache() between them.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install sapien==3.0.3 numpy==2.4.6 trimesh==4.8.3
"$python" - <<'PY'
import os
import tempfile

import sapien
import trimesh


def mass(path):
    scene = sapien.Scene([sapien.physx.PhysxCpuSystem()])
    builder = scene.create_actor_builder()
    builder.add_convex_collision_from_file(path, density=1000)
    body = builder.build().find_component_by_type(sapien.physx.PhysxRigidDynamicComponent)
    return float(body.mass)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "object.obj")
    seen = []
    for size in (0.1, 0.4):
        trimesh.creation.box((size, size, size)).export(path)
        seen.append(mass(path))
    sapien.physx.clear_cache()
    cleared = mass(path)

print("sapien", sapien.__version__)
print("expected: 1.0 kg, then 64.0 kg")
print(f"seen:     {seen[0]:.1f} kg, then {seen[1]:.1f} kg; after clear_cache() {cleared:.1f} kg")
if abs(seen[1] - 64) < 1:
    raise SystemExit("changed: the file is read again")
if abs(cleared - 64) > 1:
    raise SystemExit("changed: clear_cache() does not help")
print("holds: the first file's shape")
PY
