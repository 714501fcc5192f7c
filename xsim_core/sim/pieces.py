"""Convex pieces that PhysX collides with, as arrays in an artifact and as files for SAPIEN."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.scratch import write_text
from xsim_core.storage import ArtifactWriter, OpenArtifact

if TYPE_CHECKING:
    import trimesh

_FIELDS = ("vertices", "faces", "vertex_ends", "face_ends")


@dataclass(frozen=True)
class ConvexPieces:
    """Convex triangle meshes, concatenated."""

    vertices: NDArray[np.float64]
    """(v, 3) metres."""
    faces: NDArray[np.int64]
    """(f, 3); indices count from 0 in each piece."""
    vertex_ends: NDArray[np.int64]
    """(k,) end of each piece in ``vertices``."""
    face_ends: NDArray[np.int64]
    """(k,) end of each piece in ``faces``."""

    def __len__(self) -> int:
        return len(self.vertex_ends)

    @staticmethod
    def join(hulls: Sequence[Any]) -> "ConvexPieces":
        """The pieces of these convex ``trimesh.Trimesh``."""
        vertices = [np.asarray(h.vertices, np.float64).reshape(-1, 3) for h in hulls]
        faces = [np.asarray(h.faces, np.int64).reshape(-1, 3) for h in hulls]
        return ConvexPieces(
            np.concatenate([np.zeros((0, 3)), *vertices]),
            np.concatenate([np.zeros((0, 3), np.int64), *faces]),
            np.cumsum([len(v) for v in vertices], dtype=np.int64),
            np.cumsum([len(f) for f in faces], dtype=np.int64),
        )

    @staticmethod
    def read(artifact: OpenArtifact, prefix: str) -> "ConvexPieces":
        """The pieces stored below ``prefix``."""
        return ConvexPieces(*(artifact.array(f"{prefix}/{name}") for name in _FIELDS))

    def meshes(self) -> "list[trimesh.Trimesh]":
        """The pieces, one by one."""
        import trimesh

        vertices = np.split(self.vertices, self.vertex_ends[:-1])
        faces = np.split(self.faces, self.face_ends[:-1])
        pairs = zip(vertices[: len(self)], faces[: len(self)], strict=True)
        return [trimesh.Trimesh(v, f, process=False) for v, f in pairs]

    def write(self, out: ArtifactWriter, prefix: str) -> None:
        """Store the pieces below ``prefix``."""
        for name in _FIELDS:
            out.write(f"{prefix}/{name}", getattr(self, name))

    def write_objs(self, folder: Path, stem: str) -> tuple[Path, ...]:
        """One OBJ file a piece, named by what it holds.

        SAPIEN keeps convex meshes by their path: another piece under the same name in the same
        process would keep the first one's shape.
        """
        import trimesh

        paths = []
        for mesh in self.meshes():
            v, f = np.asarray(mesh.vertices), np.asarray(mesh.faces)
            digest = hashlib.sha256(v.tobytes() + f.tobytes()).hexdigest()[:12]
            path = folder / f"{stem}_{digest}.obj"
            if not path.exists():
                write_text(path, trimesh.exchange.obj.export_obj(mesh))
            paths.append(path)
        return tuple(paths)
