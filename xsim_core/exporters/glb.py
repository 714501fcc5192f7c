"""The room's mesh, or the tracked object's, as binary glTF 2.0.

Specification: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html: metres, +Y up, vertex
colours linear.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.artifacts import ObjectTrack, SimWorld, SplatScene
from xsim_core.geometry import TexturedMesh

from .source import Source

T_UP_Y_Z = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)
"""Points with z up to points with y up."""


def write_room(source: Source[SplatScene], folder: Path) -> list[str]:
    """``room.glb``: vertices as they are (z up), below a node that turns them y up."""
    import trimesh

    mesh = source.artifact.arrays("mesh")
    room = trimesh.Trimesh(mesh["vertices"], mesh["faces"], process=False)
    # trimesh keeps vertex colours as bytes, too few for dark linear ones: as numbers under a name
    # of their own, which then is glTF's.
    room.vertex_attributes["_COLOR"] = linear_rgb(mesh["rgb"])
    scene = trimesh.Scene()
    scene.add_geometry(room, node_name="room", geom_name="room", transform=T_UP_Y_Z)
    data = trimesh.exchange.gltf.export_glb(scene, tree_postprocessor=_name_colours)
    (folder / "room.glb").write_bytes(data)
    return []


def write_object(source: Source[ObjectTrack | SimWorld], folder: Path) -> list[str]:
    """``object.glb`` with its texture, in its own frame."""
    mesh = TexturedMesh.from_arrays(source.artifact.arrays("object"))
    mesh.write_glb(folder / "object.glb")
    if source.artifact.summary.is_mesh_coloured:
        return []
    return ["The mesh came without colours: its texture is blank."]


def linear_rgb(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Linear colours in [0, 1] of sRGB bytes (IEC 61966-2-1)."""
    s = rgb.astype(np.float64) / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _name_colours(tree: dict[str, Any]) -> None:
    for mesh in tree["meshes"]:
        attributes = mesh["primitives"][0]["attributes"]
        attributes["COLOR_0"] = attributes.pop("_COLOR")
