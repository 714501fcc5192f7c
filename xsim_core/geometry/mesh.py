"""The one mesh of this library: rigid triangles in metres with a texture.

SAPIEN ignores vertex colours, so every colour is a texture with UVs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import Faces, Point3, Points3, Texture, VertexUv, Vertices
from xsim_core.scratch import write_bytes

from .arrays import ArrayLike

ATLAS_TEXELS = 1024


@dataclass(frozen=True)
class TexturedMesh:
    """A triangle mesh in its own frame, metres, with a texture.

    ``is_textured`` is False for meshes that came without colours: their ``texture`` is then a blank
    atlas with one cell a face, which the tracker fills from the first frames.
    """

    vertices: Vertices
    """(v, 3)."""
    faces: Faces
    """(f, 3), counter-clockwise seen from outside."""
    uv: VertexUv
    """(v, 2) in [0, 1], v up."""
    texture: Texture
    """(th, tw, 3) RGB."""
    is_textured: bool = True

    def __post_init__(self) -> None:
        if len(self.faces) == 0 or len(self.vertices) == 0:
            raise BadInputError(
                f"object mesh has {len(self.vertices)} vertices and {len(self.faces)} faces; "
                "a tracked object needs a surface"
            )
        if len(self.uv) != len(self.vertices):
            raise BadInputError(
                f"object mesh has {len(self.vertices)} vertices but {len(self.uv)} uv coordinates"
            )

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], *, is_textured: bool = True
    ) -> "TexturedMesh":
        """The mesh of the arrays ``vertices``, ``faces``, ``uv`` and ``texture``, as stored."""
        a = arrays
        return cls(a["vertices"], a["faces"], a["uv"], a["texture"], is_textured)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """``vertices``, ``faces``, ``uv`` and ``texture``, as ``from_arrays`` takes them."""
        return {name: getattr(self, name) for name in ("vertices", "faces", "uv", "texture")}

    @property
    def diameter_m(self) -> float:
        """Length of the bounding box's diagonal."""
        return float(np.linalg.norm(np.ptp(self.vertices, axis=0)))

    @property
    def centre(self) -> Point3:
        """Centre (3,) of the bounding box in the object frame."""
        return 0.5 * (self.vertices.min(0) + self.vertices.max(0)).astype(np.float64)

    @property
    def texels_per_m(self) -> float:
        """Median over faces of how dense the texture lies on the surface."""
        corners, uv = self.vertices[self.faces], self.uv[self.faces]
        edges = corners[:, 1:] - corners[:, :1]
        area = 0.5 * np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=-1)
        th, tw = self.texture.shape[:2]
        uv_edges = (uv[:, 1:] - uv[:, :1]) * np.array([tw, th])
        a, b = uv_edges[:, 0], uv_edges[:, 1]
        uv_area = 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
        valid = area > 0
        return float(np.sqrt(np.median(uv_area[valid] / area[valid]))) if valid.any() else 0.0

    def sample_surface(self, n: int, *, rng: np.random.Generator) -> Points3:
        """Points (n, 3) spread evenly over the surface, object frame."""
        face, a, b = self._spread(n, rng)
        c = self.vertices[self.faces[face]].astype(np.float64)
        return c[:, 0] + a * (c[:, 1] - c[:, 0]) + b * (c[:, 2] - c[:, 0])

    def sample_colours(self, n: int, *, rng: np.random.Generator) -> tuple[Points3, Points3]:
        """Points (n, 3) as in ``sample_surface``, and the texture's colour (n, 3) in [0, 255]."""
        face, a, b = self._spread(n, rng)
        c = self.vertices[self.faces[face]].astype(np.float64)
        points = c[:, 0] + a * (c[:, 1] - c[:, 0]) + b * (c[:, 2] - c[:, 0])
        t = self.uv[self.faces[face]].astype(np.float64)
        u, v = (t[:, 0] + a * (t[:, 1] - t[:, 0]) + b * (t[:, 2] - t[:, 0])).T
        height, width = self.texture.shape[:2]
        column = np.clip(u * width, 0, width - 1).astype(int)
        row = np.clip((1 - v) * height, 0, height - 1).astype(int)
        return points, self.texture[row, column].astype(np.float64)

    def sample_normals(self, n: int, *, rng: np.random.Generator) -> Points3:
        """Unit normals (n, 3) where an equal generator has ``sample_colours`` put its points."""
        face, _, _ = self._spread(n, rng)
        c = self.vertices[self.faces[face]].astype(np.float64)
        normal = np.cross(c[:, 1] - c[:, 0], c[:, 2] - c[:, 0])
        return normal / np.linalg.norm(normal, axis=-1, keepdims=True)

    def _spread(self, n: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
        """Faces (n,) by their area, and two barycentric coordinates (n, 1) in each."""
        corners = self.vertices[self.faces].astype(np.float64)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(normal, axis=-1)
        face = rng.choice(len(corners), size=n, p=area / area.sum())
        a, b = rng.random((2, n, 1))
        flip = a + b > 1
        return face, np.where(flip, 1 - a, a), np.where(flip, 1 - b, b)

    def write_glb(self, path: Path) -> Path:
        """Write the mesh as binary glTF; returns ``path``."""
        import trimesh
        from PIL import Image

        material = trimesh.visual.material.PBRMaterial(
            baseColorTexture=Image.fromarray(np.ascontiguousarray(self.texture)),
            metallicFactor=0.0,
            roughnessFactor=0.9,
        )
        mesh = trimesh.Trimesh(
            vertices=np.asarray(self.vertices, float),
            faces=self.faces,
            process=False,
            visual=trimesh.visual.TextureVisuals(uv=np.asarray(self.uv, float), material=material),
        )
        scene = trimesh.Scene(mesh)
        write_bytes(path, trimesh.exchange.gltf.export_glb(scene, include_normals=True))
        return path

    def write_obj(self, folder: Path) -> Path:
        """Write ``mesh.obj``, ``mesh.mtl`` and ``texture.png`` to ``folder``; returns the first."""
        from PIL import Image

        folder.mkdir(parents=True, exist_ok=True)
        lines = ["mtllib mesh.mtl", "usemtl textured"]
        lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in self.vertices.tolist()]
        lines += [f"vt {u:.7f} {v:.7f}" for u, v in self.uv.tolist()]
        lines += ["f " + " ".join(f"{i + 1}/{i + 1}" for i in face) for face in self.faces.tolist()]
        path = folder / "mesh.obj"
        path.write_text("\n".join(lines) + "\n")
        (folder / "mesh.mtl").write_text(
            "newmtl textured\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nmap_Kd texture.png\n"
        )
        Image.fromarray(self.texture).save(folder / "texture.png")
        return path


def mesh_without_texture(
    vertices: NDArray[np.floating], faces: NDArray[np.integer]
) -> TexturedMesh:
    """A mesh whose colours are unknown: every face gets its own cell of a blank atlas."""
    corners = np.asarray(vertices, np.float32)[faces].reshape(-1, 3)
    n = len(faces)
    columns = int(np.ceil(np.sqrt(n)))
    cell = 1.0 / columns
    row, column = np.divmod(np.arange(n), columns)
    # The margin keeps bilinear lookups inside the face's own cell.
    margin = 1.5 * cell / max(4.0, ATLAS_TEXELS / columns)
    low, high = margin, cell - margin
    triangle = np.array([[low, low], [high, low], [low, high]])
    origin = np.stack([column * cell, row * cell], axis=-1)
    uv = (origin[:, None] + triangle).reshape(-1, 2)
    return TexturedMesh(
        vertices=corners,
        faces=np.arange(3 * n, dtype=np.int32).reshape(-1, 3),
        uv=uv.astype(np.float32),
        texture=np.full((ATLAS_TEXELS, ATLAS_TEXELS, 3), 128, np.uint8),
        is_textured=False,
    )


def vertex_normals(vertices: ArrayLike, faces: ArrayLike) -> NDArray[np.float32]:
    """Area-weighted unit normals (v, 3)."""
    vertices, faces = np.asarray(vertices, float), np.asarray(faces)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for i in range(3):
        np.add.at(normals, faces[:, i], face_normals)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.maximum(length, 1e-12)).astype(np.float32)
