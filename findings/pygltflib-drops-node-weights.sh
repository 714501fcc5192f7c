#!/usr/bin/env bash
# pygltflib 1.16.5 reads and writes a glTF without its nodes' morph weights, its copyright and its minVersion: a hand
# that was closed is open.
#
# Package:  pygltflib 1.16.5
# Expected: glTF 2.0: node.weights are "the weights of the instantiated morph target" and take the place of the
#           mesh's; asset.copyright is the statement to credit the author, minVersion the least a reader must know.
#           A library "for reading, writing and managing" glTF keeps what the format names (it keeps extras,
#           extensions and every other property of this file).
# Seen:     after GLTF2.load(a).save(b) the node has no weights: 1.0 became the mesh's default 0.0, so the tip is at
#           y = 0 and not at 1. asset.copyright, minVersion and extras are gone, buffers' and samplers' names too.
#           The same from .gltf to .glb. No warning.
# Matters:  two instances of one mesh (a gripper open and one closed) become the same; a model's licence is lost
#           on its first way through.
# Instead:  edit the JSON itself, or bake the morph targets before.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install pygltflib==1.16.5
"$python" -W ignore - "$work" <<'PY'
import base64
import json
import struct
import sys
from importlib.metadata import version
from pathlib import Path

from pygltflib import GLTF2

folder = Path(sys.argv[1])
rest, moved = (0, 0, 0, 1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 1, 0)
data = struct.pack("<18f", *rest, *moved)
vector = {"componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}
model = {
    "asset": {"version": "2.0", "minVersion": "2.0", "copyright": "CC BY 4.0, a maker", "extras": {"scanned": True}},
    "scene": 0,
    "scenes": [{"nodes": [0, 1]}],
    "nodes": [
        {"name": "open", "mesh": 0, "extras": {"grip": 0}},
        {"name": "closed", "mesh": 0, "weights": [1.0], "extras": {"grip": 1}},
    ],
    "meshes": [{"weights": [0.0], "primitives": [{"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}]}]}],
    "accessors": [{"bufferView": 0, **vector}, {"bufferView": 1, **vector}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 36}],
    "buffers": [
        {
            "name": "vertices",
            "byteLength": len(data),
            "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode(),
        }
    ],
}
(folder / "a.gltf").write_text(json.dumps(model))


def read(path):
    raw = path.read_bytes()
    if path.suffix == ".glb":
        raw = raw[20 : 20 + struct.unpack("<I", raw[12:16])[0]]
    return json.loads(raw)


def tip(model, node):
    """Height of the third vertex: that of rest, and the weighted target's."""
    node = model["nodes"][node]
    weights = node.get("weights", model["meshes"][node["mesh"]].get("weights", [0.0]))
    return rest[7] + weights[0] * moved[7]


print("pygltflib", version("pygltflib"))
print("written: tips at", tip(model, 0), tip(model, 1), "- asset", model["asset"])
for name in ("b.gltf", "b.glb"):
    GLTF2().load(folder / "a.gltf").save(folder / name)
    back = read(folder / name)
    print(f"{name}: tips at {tip(back, 0)} {tip(back, 1)} - asset {back['asset']}")
    kept = back["nodes"][1]["extras"] == {"grip": 1} and back["meshes"][0]["weights"] == [0.0]
    if not kept or back["meshes"][0]["primitives"][0]["targets"] != [{"POSITION": 1}]:
        raise SystemExit("changed: more than that is lost")
    if "weights" in back["nodes"][1] or {"copyright", "minVersion", "extras"} & set(back["asset"]):
        raise SystemExit("changed: the weights or the asset's statements are kept")
print("holds: node weights and copyright are dropped")
PY
