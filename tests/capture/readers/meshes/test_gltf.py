"""glTF as gltfpack and glTF-Transform write it shows what the same mesh in floats shows."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from tests.capture.readers.meshes.test_mesh import colour_at
from xsim_core.capture.readers import read_mesh
from xsim_core.capture.readers.meshes.gltf import plain_gltf
from xsim_core.errors import BadInputError

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
UV = np.array([[0.125, 0.875], [0.875, 0.875], [0.875, 0.125], [0.125, 0.125]])
"""v down: in the middle of the picture's corner pixels."""
RGB = np.array([[0, 0, 255], [255, 255, 255], [0, 255, 0], [255, 0, 0]])
"""At the corners."""
CODES = {"<f4": 5126, "<u2": 5123, "<i2": 5122, "|u1": 5121}


def picture():
    image = np.zeros((4, 4, 3), np.uint8)
    image[2:, :2], image[2:, 2:], image[:2, 2:], image[:2, :2] = RGB
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def square(path, *, uv=None, uv_1=None, places=None, scale=0.1, info=None, required=()):
    """A square of 10 cm with a picture, its numbers of the given types."""
    places = CORNERS.astype("<f4") if places is None else places
    uv = UV.astype("<f4") if uv is None else uv
    faces = np.array([0, 1, 2, 0, 2, 3], "<u2")
    arrays = [places, uv] + ([] if uv_1 is None else [uv_1])
    blobs = [*(a.tobytes() for a in arrays), faces.tobytes(), picture()]
    views, buffer = [], b""
    for blob in blobs:
        views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": len(blob)})
        buffer += blob + b"\0" * (-len(blob) % 4)
    accessors = [
        {
            "bufferView": i,
            "componentType": CODES[a.dtype.str],
            "count": 4,
            "type": f"VEC{a.shape[1]}",
            "normalized": a.dtype.kind != "f",
        }
        for i, a in enumerate(arrays)
    ]
    if places.shape[1] == 4:  # Rows begin at multiples of four bytes.
        views[0]["byteStride"] = places.strides[0]
        accessors[0]["type"] = "VEC3"
    accessors.append(
        {"bufferView": len(arrays), "componentType": 5123, "count": 6, "type": "SCALAR"}
    )
    attributes = {"POSITION": 0} | {f"TEXCOORD_{i}": i + 1 for i in range(len(arrays) - 1)}
    primitive = {"attributes": attributes, "indices": len(arrays), "material": 0}
    texture = {"index": 0} | (info or {})
    tree = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "scene": 0,
        "nodes": [{"mesh": 0, "scale": [scale] * 3}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": texture}}],
        "textures": [{"source": 0}],
        "images": [{"bufferView": len(arrays) + 1, "mimeType": "image/png"}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(buffer)}],
        "extensionsUsed": list(required),
        "extensionsRequired": list(required),
    }
    if path.suffix == ".gltf":
        (path.parent / "square.bin").write_bytes(buffer)
        tree["buffers"][0]["uri"] = "square.bin"
        path.write_text(json.dumps(tree))
        return
    head = json.dumps(tree).encode()
    head += b" " * (-len(head) % 4)
    chunks = struct.pack("<II", len(head), 0x4E4F534A) + head
    chunks += struct.pack("<II", len(buffer), 0x004E4942) + buffer
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)


def fractions(values, dtype):
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


def moved(scale, rotation, offset):
    """Coordinates that ``scale``, ``rotation`` and ``offset`` bring to ``UV``."""
    c, s = np.cos(rotation), np.sin(rotation)
    back = (UV - offset) @ np.array([[c, s], [-s, c]])
    return (back / scale).astype("<f4")


def info_of(scale, rotation, offset):
    move = {"scale": list(scale), "rotation": rotation, "offset": list(offset)}
    return {"extensions": {"KHR_texture_transform": move}}


ROWS = np.zeros((4, 4), "<i2")
ROWS[:, :3] = fractions(CORNERS, "<i2")
MOVE = ((0.5, 0.25), 0.4, (0.1, -0.3))
ELSEWHERE = np.full((4, 2), 0.5, "<f4")
VARIANTS = {
    "floats": {},
    "16 bits": {"uv": fractions(UV, "<u2")},
    "places of 16 bits": {"places": ROWS, "required": ["KHR_mesh_quantization"]},
    "the second set": {"uv": ELSEWHERE, "uv_1": UV.astype("<f4"), "info": {"texCoord": 1}},
    "moved": {
        "uv": moved(*MOVE),
        "info": info_of(*MOVE),
        "required": ["KHR_texture_transform"],
    },
}


@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_whatever_the_numbers_are_the_mesh_is_one(tmp_path, variant, suffix):
    path = tmp_path / f"square{suffix}"
    square(path, **variant)
    mesh = read_mesh(path, notes := [])
    assert notes == []
    assert mesh.diameter_m == pytest.approx(0.1 * np.sqrt(2), rel=1e-4)
    for place, rgb in zip(0.1 * CORNERS, RGB, strict=True):
        np.testing.assert_array_equal(colour_at(mesh, place), [rgb] * len(colour_at(mesh, place)))


def test_the_specification_s_example_of_a_rotation():
    """The lower left quadrant, turned clockwise by 90 degrees (README of the extension)."""
    from xsim_core.capture.readers.meshes.gltf import _placed

    move = {"offset": [0, 1], "rotation": np.pi / 2, "scale": [0.5, 0.5]}
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    expected = [[0, 1], [0, 0.5], [0.5, 0.5], [0.5, 1]]
    np.testing.assert_allclose(_placed(corners, move), expected, atol=1e-6)


def test_a_plain_file_stays_as_it_is(tmp_path):
    square(tmp_path / "square.glb")
    data = (tmp_path / "square.glb").read_bytes()
    assert plain_gltf(data, bytes) is data


def test_triangle_fans_are_not_left_out(tmp_path):
    square(tmp_path / "square.gltf")
    text = (tmp_path / "square.gltf").read_text()
    (tmp_path / "square.gltf").write_text(text.replace('"indices": 2', '"indices": 2, "mode": 6'))
    with pytest.raises(BadInputError, match="triangle fans"):
        read_mesh(tmp_path / "square.gltf")


def test_a_sparse_accessor_is_named(tmp_path):
    square(tmp_path / "square.gltf")
    tree = json.loads((tmp_path / "square.gltf").read_text())
    del tree["accessors"][0]["bufferView"]
    tree["accessors"][0]["sparse"] = {
        "count": 4,
        "indices": {"bufferView": 2, "componentType": 5123},
        "values": {"bufferView": 0},
    }
    (tmp_path / "square.gltf").write_text(json.dumps(tree))
    with pytest.raises(BadInputError, match="POSITION are a sparse accessor"):
        read_mesh(tmp_path / "square.gltf")


@pytest.mark.parametrize("name", ["EXT_meshopt_compression", "KHR_draco_mesh_compression"])
def test_what_a_file_requires_and_nothing_reads_is_named(tmp_path, name):
    square(tmp_path / "square.glb", required=[name])
    with pytest.raises(BadInputError, match=f"requires {name}.*export it without"):
        read_mesh(tmp_path / "square.glb")
