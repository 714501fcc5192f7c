#!/usr/bin/env bash
# trimesh 5.2.0 reads glTF's integers as they stand, although the file says that they are fractions, and always the
# first set of texture coordinates: the picture lies elsewhere on the mesh, vertices are 32 767 times too large.
#
# Package:  trimesh 5.2.0, pillow 12.0.0, numpy 2.4.6
# Expected: glTF 2.0, 3.6.2: integers of an accessor with "normalized": true are fractions, 65535 is 1.0; TEXCOORD_0 as
#           16-bit fractions needs no extension. 3.9: a material's "texCoord" says which set its picture takes.
#           KHR_mesh_quantization and KHR_texture_transform are either followed, or a file that lists them in
#           extensionsRequired is refused (3.12: these are "required to load" it).
# Seen:     a square of 10 cm with a picture, written five ways that mean the same. As floats: coordinates 0 and 1. As
#           16-bit fractions: 65535 and 2. In the second set: those of the first, which are 0. Moved by
#           KHR_texture_transform: as if unmoved. Vertices as fractions under KHR_mesh_quantization: 3276.7 m across.
#           Nothing is said, neither by an error nor by a warning.
# Matters:  gltfpack and glTF-Transform write all of these, so do many scans that are sold or shared: objects come with
#           wrong texture, or as large as a town, into simulators, viewers and trackers that read them through trimesh.
# Instead:  export floats and one set without a transform (in Blender: import and export), or rewrite the accessors
#           before trimesh reads them.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install trimesh==5.2.0 pillow==12.0.0 numpy==2.4.6
"$python" -W error - <<'PY'
import io
import json
import struct

import numpy as np
import trimesh
from PIL import Image

CODES = {"<f4": 5126, "<u2": 5123, "<i2": 5122}
UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], "<f4")  # v down, as glTF has it
PLACES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "<f4")


def square(places=PLACES, sets=(UV,), texture=(), required=()):
    file = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(file, "PNG")
    arrays = [places, *sets]
    blobs = [a.tobytes() for a in arrays]
    blobs += [np.array([0, 1, 2, 0, 2, 3], "<u2").tobytes(), file.getvalue()]
    views, data = [], b""
    for blob in blobs:
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": len(blob)})
        data += blob + b"\0" * (-len(blob) % 4)
    if places.shape[1] == 4:  # three numbers and two bytes up to the next multiple of four
        views[0]["byteStride"] = 8
    accessors = [
        {
            "bufferView": i,
            "componentType": CODES[a.dtype.str],
            "normalized": a.dtype.kind != "f",
            "count": 4,
            "type": "VEC2" if i else "VEC3",
        }
        for i, a in enumerate(arrays)
    ]
    accessors[0] |= {"min": places[:, :3].min(0).tolist(), "max": places[:, :3].max(0).tolist()}
    n = len(arrays)
    accessors.append({"bufferView": n, "componentType": 5123, "count": 6, "type": "SCALAR"})
    attributes = {"POSITION": 0} | {f"TEXCOORD_{i}": i + 1 for i in range(len(sets))}
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "scale": [0.1, 0.1, 0.1]}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": n, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **dict(texture)}}}],
        "textures": [{"source": 0}],
        "images": [{"bufferView": n + 1, "mimeType": "image/png"}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
        "extensionsUsed": list(required),
        "extensionsRequired": list(required),
    }
    head = json.dumps(tree).encode()
    head += b" " * (-len(head) % 4)
    chunks = struct.pack("<II", len(head), 0x4E4F534A) + head
    chunks += struct.pack("<II", len(data), 0x004E4942) + data
    glb = struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
    scene = trimesh.load_scene(io.BytesIO(glb), file_type="glb", process=False)
    (mesh,) = scene.dump()
    return round(float(mesh.extents.max()), 3), mesh.visual.uv.round(3).tolist()


fractions = np.zeros((4, 4), "<i2")
fractions[:, :3] = 32767 * PLACES
move = {"KHR_texture_transform": {"scale": [2, 2], "offset": [0.25, 0.25]}}
seen = {
    "floats": square(),
    "fractions": square(sets=[(65535 * UV).astype("<u2")]),
    "second set": square(sets=[0 * UV, UV], texture={"texCoord": 1}),
    "moved": square(
        sets=[(UV - 0.25) / 2], texture={"extensions": move}, required=["KHR_texture_transform"]
    ),
    "places": square(places=fractions, required=["KHR_mesh_quantization"]),
}
for name, (size, uv) in seen.items():
    print(f"{name:10}  {size:8.1f} m  {uv}")
right = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
stated = {
    "floats": (0.1, right),
    "fractions": (0.1, [[0.0, 2.0], [65535.0, 2.0], [65535.0, 1.0], [0.0, 1.0]]),
    "second set": (0.1, [[0.0, 1.0]] * 4),
    "moved": (0.1, [[-0.125, 0.625], [0.375, 0.625], [0.375, 1.125], [-0.125, 1.125]]),
    "places": (3276.7, right),
}
if seen != stated:
    raise SystemExit(f"changed: {seen}")
print("holds: of five files that mean the same, trimesh reads one as it is meant")
PY
