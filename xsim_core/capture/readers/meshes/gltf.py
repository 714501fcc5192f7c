"""glTF 2.0 as trimesh takes it: what the file says about its numbers is done before.

trimesh 5.2 reads integers as they stand where ``normalized`` says that they are fractions, and
``TEXCOORD_0`` whichever set a material's ``texCoord`` names, however ``KHR_texture_transform``
moves it: gltfpack and glTF-Transform write all three. Files with none of them are left alone.

Specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, 3.6.2 (accessors) and
3.9 (materials); extensions KHR_mesh_quantization and KHR_texture_transform, whose examples say
which way a rotation turns.
"""

import base64
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError

Floats = NDArray[np.float32]

TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
READ = ("KHR_mesh_quantization", "KHR_texture_transform", "EXT_texture_webp", "KHR_materials_")
"""Beginnings of the extensions that a file may require."""
TRIANGLE_FAN = 6
SHOWN = ("POSITION", "TEXCOORD_", "COLOR_")
_GLB, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
MOVES = "KHR_texture_transform"


def plain_gltf(data: bytes, get: Callable[[str], bytes]) -> bytes:
    """The file itself, or a GLB that says the same in floats and first sets of coordinates.

    Args:
        data: a ``.glb`` or ``.gltf``.
        get: the bytes of a file that it refers to.

    Raises:
        BadInputError: when it requires an extension that is not read.
    """
    tree, binary = _parsed(data)
    _check_required(tree)
    accessors = tree.get("accessors", [])
    primitives = [p for mesh in tree.get("meshes", []) for p in mesh.get("primitives", [])]
    _check_whole(primitives, accessors)
    fractions = {
        i
        for p in primitives
        for name, i in p.get("attributes", {}).items()
        if name == "POSITION" or name.startswith("TEXCOORD_")
        if accessors[i].get("normalized") and "bufferView" in accessors[i]
    }
    moved = [(p, info) for p in primitives if (info := _texture(tree, p)) is not None]
    if not fractions and not moved:
        return data
    buffers = [_buffer(b, binary, get) for b in tree["buffers"]]
    rewritten = _Rewritten(tree, buffers)
    for i in fractions:
        accessors[i] = rewritten.accessor(rewritten.values(accessors[i]))
    for primitive, info in moved:
        attributes = primitive["attributes"]
        uv = rewritten.values(accessors[attributes[f"TEXCOORD_{_set(info)}"]])
        accessors.append(rewritten.accessor(_placed(uv, info.get("extensions", {}).get(MOVES, {}))))
        attributes["TEXCOORD_0"] = len(accessors) - 1
    return rewritten.glb()


def has_linear_colours(data: bytes) -> bool:
    """Whether colours of vertices are linear light, as glTF says; Open3D 0.20's are as shown."""
    tree, _ = _parsed(data)
    asset = tree.get("asset")
    if not isinstance(asset, dict) or not str(asset.get("generator", "")).startswith("Open3D"):
        return True
    primitives = [p for mesh in tree.get("meshes", []) for p in mesh.get("primitives", [])]
    return not any("COLOR_0" in p.get("attributes", {}) for p in primitives)


class _Rewritten:
    """A file whose buffers are one, to which accessors are added."""

    def __init__(self, tree: dict[str, Any], buffers: list[bytes]) -> None:
        starts = np.cumsum([0, *(len(b) + -len(b) % 4 for b in buffers)]).tolist()
        self._tree, self._data = tree, bytearray(b"".join(map(_padded, buffers)))
        for view in tree["bufferViews"]:
            view["byteOffset"] = view.get("byteOffset", 0) + starts[view["buffer"]]
            view["buffer"] = 0

    def values(self, accessor: dict[str, Any]) -> Floats:
        """(n, width), fractions where the file says so."""
        view = self._tree["bufferViews"][accessor["bufferView"]]
        dtype, width = np.dtype(TYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
        row = dtype.itemsize * width
        start, n = view["byteOffset"] + accessor.get("byteOffset", 0), int(accessor["count"])
        stride = view.get("byteStride", row)
        bounds = view["byteOffset"] + view["byteLength"]
        if "sparse" in accessor or n < 1 or stride < row or start + (n - 1) * stride + row > bounds:
            raise BadInputError("an accessor is sparse, or reaches beyond its view")
        found = np.ndarray((n, width), dtype, self._data, start, (stride, dtype.itemsize))
        if not accessor.get("normalized") or dtype.kind == "f":
            return found.astype(np.float32)
        return np.maximum(found / np.iinfo(dtype).max, -1).astype(np.float32)

    def accessor(self, values: Floats) -> dict[str, Any]:
        """One of floats that is kept at the end of the data."""
        start = len(self._data)
        self._data += values.astype("<f4").tobytes()
        self._tree["bufferViews"].append(
            {"buffer": 0, "byteOffset": start, "byteLength": len(self._data) - start}
        )
        told = {"bufferView": len(self._tree["bufferViews"]) - 1, "componentType": 5126}
        kind = next(k for k, width in WIDTHS.items() if width == values.shape[1])
        return told | {"count": len(values), "type": kind}

    def glb(self) -> bytes:
        self._tree["buffers"] = [{"byteLength": len(self._data)}]
        head = json.dumps(self._tree).encode()
        head += b" " * (-len(head) % 4)
        chunks = struct.pack("<II", len(head), _JSON) + head
        chunks += struct.pack("<II", len(self._data), _BIN) + self._data
        return struct.pack("<III", _GLB, 2, 12 + len(chunks)) + chunks


def _parsed(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The description, and the binary chunk of a GLB."""
    if data[:4] != b"glTF":
        return json.loads(data), b""
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def _check_required(tree: dict[str, Any]) -> None:
    unread = [e for e in tree.get("extensionsRequired", []) if not str(e).startswith(READ)]
    if unread:
        raise BadInputError(
            f"it requires {', '.join(map(str, unread))}, which is not read: export it without, and "
            "uncompressed"
        )


def _check_whole(primitives: list[dict[str, Any]], accessors: list[dict[str, Any]]) -> None:
    """Trimesh takes a sparse accessor for what it changes, mostly zeros, and leaves out fans."""
    for primitive in primitives:
        if primitive.get("mode") == TRIANGLE_FAN:
            raise BadInputError("it holds triangle fans: export it with separate triangles")
        named = primitive.get("attributes", {})
        used = {name: i for name, i in named.items() if name.startswith(SHOWN)}
        used |= {"indices": primitive["indices"]} if "indices" in primitive else {}
        for name, i in used.items():
            if "sparse" in accessors[i]:
                raise BadInputError(f"its {name} are a sparse accessor: export it without")


def _texture(tree: dict[str, Any], primitive: dict[str, Any]) -> dict[str, Any] | None:
    """How the material places its picture, where that is not by ``TEXCOORD_0`` as it stands."""
    if "material" not in primitive:
        return None
    material = tree["materials"][primitive["material"]]
    info = material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
    glossy = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    info = info or glossy.get("diffuseTexture") or material.get("emissiveTexture")
    if info is None or f"TEXCOORD_{_set(info)}" not in primitive["attributes"]:
        return None
    return info if _set(info) != 0 or MOVES in info.get("extensions", {}) else None


def _set(info: dict[str, Any]) -> int:
    """Which set of coordinates a picture takes; the extension's word counts more."""
    return int(info.get("extensions", {}).get(MOVES, {}).get("texCoord", info.get("texCoord", 0)))


def _placed(uv: Floats, move: dict[str, Any]) -> Floats:
    """Coordinates (n, 2), v down, scaled, turned and shifted."""
    angle = float(move.get("rotation", 0.0))
    c, s = math.cos(angle), math.sin(angle)
    scaled = uv * np.asarray(move.get("scale", (1, 1)), np.float32)
    turned = scaled @ np.array([[c, -s], [s, c]], np.float32)
    return np.asarray(turned + np.asarray(move.get("offset", (0, 0)), np.float32), np.float32)


def _buffer(buffer: dict[str, Any], binary: bytes, get: Callable[[str], bytes]) -> bytes:
    uri = buffer.get("uri")
    if uri is None:
        return binary[: buffer["byteLength"]]
    if uri.startswith("data:"):
        return base64.b64decode(uri.split(",", 1)[1])
    return get(uri)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
