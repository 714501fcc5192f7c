"""glTF: y up, linear colours that come back as the bytes they were."""

import json
import struct

import numpy as np
import trimesh

from xsim_core.exporters import export_artifact
from xsim_core.exporters.glb import linear_rgb


def test_the_room_is_upright_and_has_its_colours(store, refs, tmp_path):
    export_artifact(store, refs["scene"], "glb", tmp_path / "out")
    data = (tmp_path / "out/room.glb").read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    tree, body = json.loads(data[20 : 20 + length]), data[28 + length :]
    attributes = tree["meshes"][0]["primitives"][0]["attributes"]
    accessor = tree["accessors"][attributes["COLOR_0"]]
    assert (accessor["componentType"], accessor["type"]) == (5126, "VEC3")
    view = tree["bufferViews"][accessor["bufferView"]]
    linear = np.frombuffer(body, "<f4", 3 * accessor["count"], view.get("byteOffset", 0))
    scene = store.open(refs["scene"])
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_array_equal(np.rint(255 * back), scene.array("mesh/rgb").ravel())
    world = trimesh.load_scene(tmp_path / "out/room.glb").to_mesh()
    x, y, z = scene.array("mesh/vertices").T
    np.testing.assert_allclose(world.vertices, np.stack([x, z, -y], -1), atol=1e-6)


def test_every_byte_of_colour_survives():
    linear = linear_rgb(np.arange(256, dtype=np.uint8))
    assert linear[[0, 255]].tolist() == [0, 1]
    assert np.isclose(linear[188], 0.5, atol=0.005)
    assert (np.diff(linear) > 0).all()


def test_the_object_has_its_texture(store, refs, tmp_path):
    made = export_artifact(store, refs["track"], "object_glb", tmp_path / "out")
    mesh = trimesh.load_scene(tmp_path / "out/object.glb").to_mesh()
    np.testing.assert_allclose(mesh.extents, [0.10, 0.06, 0.05], atol=1e-6)
    assert made.notes == ()
