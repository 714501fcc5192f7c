"""Meshes as SAPIEN draws them, without going through a file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import TexturedMesh, vertex_normals


def render_shape(mesh: TexturedMesh, *, roughness: float = 0.9) -> Any:
    """The mesh as a ``sapien.render.RenderShapeTriangleMesh``."""
    import sapien

    normals = vertex_normals(mesh.vertices, mesh.faces)
    return sapien.render.RenderShapeTriangleMesh(
        mesh.vertices.astype(np.float32),
        mesh.faces.astype(np.uint32),
        normals,
        mesh.uv.astype(np.float32),
        texture_material(mesh.texture, roughness=roughness),
    )


def texture_material(texture: NDArray[np.uint8], *, roughness: float = 0.9) -> Any:
    """A matt SAPIEN material that shows an RGB texture (th, tw, 3)."""
    import sapien

    th, tw = texture.shape[:2]
    # SAPIEN's first row lies at v = 0, ours at v = 1.
    rgba = np.concatenate([texture, np.full((th, tw, 1), 255, np.uint8)], axis=-1)[::-1]
    levels = int(np.log2(max(th, tw))) + 1
    image = sapien.render.RenderTexture2D(
        np.ascontiguousarray(rgba), "R8G8B8A8Unorm", mipmap_levels=levels, srgb=True
    )
    material = sapien.render.RenderMaterial()
    material.base_color_texture = image
    material.metallic, material.roughness, material.specular = 0.0, roughness, 0.1
    return material
