"""The colours of a reconstructed surface, from the frames that saw each place best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.geometry import TexturedMesh, mesh_without_texture, transform_points
from xsim_core.geometry.mesh import vertex_normals

from .volume import Look

Floats = NDArray[np.floating]

NEAR_M = 0.006
"""How near to the measured surface a place must lie to be what the pixel shows."""
BLEED = 0.25
LEAST = 1e-3
"""Weight of a colour that was seen."""


def paint(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    looks: Sequence[Look],
    *,
    size: int = 1024,
) -> TexturedMesh:
    """A mesh with an atlas in which every face has a cell of its own.

    Each texel takes the colours of the frames that saw it, those most from the front counting
    most; one that none saw takes the colour of the nearest place that was seen.
    """
    plain = mesh_without_texture(vertices, faces)
    texels = _texels(plain, faces, size)
    points, normals = texels.at(vertices), texels.at(vertex_normals(vertices, faces))
    total, weight = _colours(points, normals, looks)
    of_vertices, known = _colours(vertices.astype(float), vertex_normals(vertices, faces), looks)
    guess = _spread(vertices, of_vertices / np.maximum(known, 1e-9)[:, None], known > LEAST)
    rgb = np.where(
        (weight > LEAST)[:, None], total / np.maximum(weight, 1e-9)[:, None], texels.at(guess)
    )
    texture = np.full((size, size, 3), rgb.mean(0), np.float64)
    texture[texels.row, texels.column] = rgb
    return TexturedMesh(
        plain.vertices, plain.faces, plain.uv, np.rint(texture.clip(0, 255)).astype(np.uint8)
    )


@dataclass(frozen=True)
class _Texels:
    """Those of an atlas that belong to a face."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    corners: NDArray[np.int32]
    """(n, 3) vertices of the face."""
    shares: Floats
    """(n, 3) barycentric."""

    def at(self, values: Floats) -> Floats:
        """Values (v, c) of the vertices between them, (n, c)."""
        values = values.astype(np.float32)
        parts = (self.shares[:, k, None] * values[self.corners[:, k]] for k in range(3))
        return np.asarray(sum(parts), np.float32)


def _texels(plain: TexturedMesh, faces: NDArray[np.int32], size: int) -> _Texels:
    n = len(faces)
    columns = int(np.ceil(np.sqrt(n)))
    row, column = (a.ravel() for a in np.mgrid[:size, :size])
    # Row 0 of a texture is v = 1.
    cell = (size - 1 - row) * columns // size * columns + column * columns // size
    row, column, face = row[cell < n], column[cell < n], cell[cell < n]
    corner = plain.uv[plain.faces[face]].astype(np.float64)
    b = ((column + 0.5) / size - corner[:, 0, 0]) / (corner[:, 1, 0] - corner[:, 0, 0])
    c = (1 - (row + 0.5) / size - corner[:, 0, 1]) / (corner[:, 2, 1] - corner[:, 0, 1])
    # The other half of a cell is never looked up, but for what blurs over the diagonal.
    use = b + c < 1 + BLEED
    row, column, face, b, c = row[use], column[use], face[use], b[use], c[use]
    b, c = b.clip(0, 1), c.clip(0, 1)
    over = np.maximum(b + c, 1)
    b, c = b / over, c / over
    shares = np.stack([1 - b - c, b, c], axis=-1).astype(np.float32)
    return _Texels(row, column, faces[face], shares)


def _colours(points: Floats, normals: Floats, looks: Sequence[Look]) -> tuple[Floats, Floats]:
    """Sums of colours (n, 3) and of weights (n,) over the frames."""
    total, weight = np.zeros((len(points), 3)), np.zeros(len(points))
    for look in looks:
        w, rgb = _colours_in(points, normals, look)
        total += w[:, None] * rgb
        weight += w
    return total, weight


def _colours_in(points: Floats, normals: Floats, look: Look) -> tuple[Floats, Floats]:
    """How well a frame shows each place (n,), and its colour there (n, 3)."""
    import cv2

    T, camera = look.T_cam_object, look.camera
    placed = transform_points(T, points)
    facing = -((normals @ T[:3, :3].T) * placed).sum(-1) / np.linalg.norm(placed, axis=-1)
    pixels = camera.project(placed)
    u, v = np.rint(pixels).T
    inside = (u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height) & (facing > 0.1)
    weight, rgb = np.zeros(len(points)), np.zeros((len(points), 3))
    rows = np.flatnonzero(inside)
    pixel = v[rows].astype(int), u[rows].astype(int)
    near = np.abs(look.depth_m[pixel] - placed[rows, 2]) < NEAR_M
    rows = rows[look.is_object[pixel] & near]
    if len(rows) == 0:
        return weight, rgb
    # cv2.remap takes maps of at most 32767 rows, so the places are laid out as a wide image.
    pad = -len(rows) % 1024
    maps = [np.pad(m, (0, pad)).astype(np.float32).reshape(-1, 1024) for m in pixels[rows].T]
    seen = cv2.remap(look.rgb, maps[0], maps[1], cv2.INTER_LINEAR)
    weight[rows] = facing[rows] ** 4 * look.weight
    rgb[rows] = np.asarray(seen, np.float64).reshape(-1, 3)[: len(rows)]
    return weight, rgb


def _spread(points: Floats, rgb: Floats, known: NDArray[np.bool_]) -> Floats:
    """The colours (n, 3), where they are unknown those of the nearest known place."""
    import scipy.spatial

    if known.all() or not known.any():
        return rgb
    spatial: Any = scipy.spatial  # Untyped.
    nearest = np.asarray(spatial.cKDTree(points[known]).query(points[~known])[1])
    filled = rgb.copy()
    filled[~known] = rgb[known][nearest]
    return filled
