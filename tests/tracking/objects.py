"""Objects of everyday shapes, painted or bare, and what goes wrong with meshes of them."""

from dataclasses import replace

import cv2
import numpy as np
import trimesh

from tests.tracking.scenes import l_block
from xsim_core.geometry import TexturedMesh, mesh_without_texture


def _standing(mesh):
    return mesh.apply_translation([0, 0, -mesh.bounds[0, 2]])


def _box(x, y, z):
    return _standing(trimesh.creation.box((x, y, z)))


def _can(radius_m, height_m):
    return _standing(trimesh.creation.cylinder(radius_m, height_m, sections=32))


def _mug():
    body = trimesh.creation.annulus(0.036, 0.042, 0.09, sections=32)
    handle = trimesh.creation.torus(0.024, 0.006, major_sections=16, minor_sections=8)
    handle.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    handle.apply_translation([0.062, 0, 0])
    floor = trimesh.creation.cylinder(0.04, 0.006).apply_translation([0, 0, -0.042])
    return _standing(trimesh.util.concatenate([body, floor, handle]))


SHAPES = {
    "block": lambda: _box(0.10, 0.06, 0.05),
    "cube": lambda: _box(0.085, 0.085, 0.085),
    "cracker box": lambda: _box(0.06, 0.158, 0.21),
    "can": lambda: _can(0.034, 0.10),
    "large can": lambda: _can(0.051, 0.139),
    "ball": lambda: _standing(trimesh.creation.icosphere(subdivisions=3, radius=0.037)),
    "mug": _mug,
    "plate": lambda: _can(0.09, 0.015),
}


def bare(mesh: TexturedMesh) -> TexturedMesh:
    """As an STL tells it: the shape without any colour."""
    return mesh_without_texture(mesh.vertices, mesh.faces)


def painted(mesh: TexturedMesh, seed: int) -> TexturedMesh:
    """Every face with blotches of its own."""
    plain = bare(mesh)
    rng, size = np.random.default_rng(seed), plain.texture.shape[0]
    blotches = cv2.resize(
        rng.uniform(0, 255, (36, 36, 3)), (size, size), interpolation=cv2.INTER_CUBIC
    )
    return replace(plain, texture=np.clip(blotches, 0, 255).astype(np.uint8), is_textured=True)


def of_one_colour(mesh: TexturedMesh, rgb=(190, 150, 40)) -> TexturedMesh:
    """As a material without a picture tells it."""
    plain = bare(mesh)
    return replace(plain, texture=np.full_like(plain.texture, rgb), is_textured=True)


def shape(name: str) -> TexturedMesh:
    """A bare object of the shapes; ``L`` is the test scene's block."""
    if name == "L":
        return bare(l_block())
    made = SHAPES[name]()
    return mesh_without_texture(made.vertices, made.faces)


def scaled(mesh: TexturedMesh, factor: float) -> TexturedMesh:
    """Of another size about its origin."""
    return replace(mesh, vertices=(mesh.vertices * factor).astype(np.float32))


def mirrored(mesh: TexturedMesh) -> TexturedMesh:
    """As a left-handed exporter writes it; it still is a closed surface that faces outwards."""
    flip = np.array([-1, 1, 1], np.float32)
    return replace(mesh, vertices=mesh.vertices * flip, faces=mesh.faces[:, ::-1].copy())
