"""Whatever tells a mesh's colours, brought into one texture: nothing here knows another way."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.geometry import TexturedMesh, mesh_without_texture

CELL_PX = 4
MAX_ATLAS_PX = 8192
_PAD_PX = 4
_UNKNOWN = (128, 128, 128)


@dataclass(frozen=True)
class Part:
    """Triangles of one material; what is there first of image, corners and flat colour counts."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32] | None = None
    image: NDArray[np.uint8] | None = None
    """(h, w, 3), with ``uv``."""
    corner_rgb: NDArray[np.uint8] | None = None
    """(f, 3, 3): a colour for each corner of each face."""
    flat_rgb: tuple[int, int, int] | None = None

    @property
    def is_mapped(self) -> bool:
        """It has a picture and says where."""
        return self.image is not None and self.uv is not None


def merge(parts: list[Part], notes: list[str]) -> TexturedMesh:
    """One mesh with one texture.

    A mesh without colours, or of one flat colour, says too little about how the object looks: it
    gets an atlas of one cell a face, which the tracker fills from the video.
    """
    first = parts[0].image
    if first is not None and all(p.is_mapped and np.array_equal(p.image, first) for p in parts):  # type: ignore[arg-type]
        vertices, faces = _joined([p.vertices for p in parts], [p.faces for p in parts])
        uv = np.concatenate([p.uv for p in parts if p.uv is not None])
        return TexturedMesh(vertices, faces, uv, first)
    flats = {p.flat_rgb for p in parts}
    if len(flats) == 1 and all(p.image is None and p.corner_rgb is None for p in parts):
        return _uniform(parts, flats.pop(), notes)
    return _atlas(parts, notes)


def _uniform(parts: list[Part], rgb: tuple[int, int, int] | None, notes: list[str]) -> TexturedMesh:
    vertices, faces = _joined([p.vertices for p in parts], [p.faces for p in parts])
    blank = mesh_without_texture(vertices, faces)
    if rgb is None:
        notes.append(
            "mesh: it has no colours: tracking learns them from the video, the simulator shows grey"
        )
        return blank
    notes.append(
        f"mesh: one flat colour {list(rgb)}, which the simulator shows; tracking learns from the "
        "video how the object looks"
    )
    return replace(
        blank, texture=np.broadcast_to(np.array(rgb, np.uint8), blank.texture.shape).copy()
    )


def _atlas(parts: list[Part], notes: list[str]) -> TexturedMesh:
    """The parts' pictures one below the other."""
    vertices, faces, uvs, tiles = [], [], [], []
    for part in parts:
        if part.is_mapped:
            v, f, uv, tile = part.vertices, part.faces, _folded(part, notes), part.image
        elif part.corner_rgb is not None:
            v, f, uv, tile = _cells(part, part.corner_rgb)
        else:
            v, f, uv = part.vertices, part.faces, np.full((len(part.vertices), 2), 0.5)
            tile = np.full((8, 8, 3), part.flat_rgb or _UNKNOWN, np.uint8)
        assert tile is not None
        vertices.append(v)
        faces.append(f)
        uvs.append(uv)
        tiles.append(tile)
    texture, tops = _stacked(tiles)
    th, tw = texture.shape[:2]
    placed = [
        np.column_stack([uv[:, 0] * t.shape[1] / tw, 1 - (top + (1 - uv[:, 1]) * t.shape[0]) / th])
        for uv, t, top in zip(uvs, tiles, tops, strict=True)
    ]
    all_vertices, all_faces = _joined(vertices, faces)
    return TexturedMesh(all_vertices, all_faces, np.concatenate(placed).astype(np.float32), texture)


def _cells(
    part: Part, corner_rgb: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64], NDArray[np.uint8]]:
    """Every face alone, with a cell of the picture across which its corners' colours blend."""
    blank = mesh_without_texture(part.vertices, part.faces)
    n = len(part.faces)
    columns = int(np.ceil(np.sqrt(n)))
    px = columns * CELL_PX
    if px > MAX_ATLAS_PX:
        raise BadInputError(
            f"a mesh of {n} faces with a colour at each corner needs a texture of {px} pixels, "
            f"more than {MAX_ATLAS_PX}: decimate it"
        )
    # Corners lie at the centres of a cell's first, last-in-row and last-in-column pixels.
    low, high = 0.5 / CELL_PX, 1 - 0.5 / CELL_PX
    across, down = np.meshgrid(np.linspace(0, 1, CELL_PX), np.linspace(0, 1, CELL_PX))
    weights = np.stack([1 - across - down, across, down], axis=-1)
    cells = np.einsum("yxk,fkc->fyxc", weights, corner_rgb.astype(np.float32))
    whole = np.zeros((columns * columns, CELL_PX, CELL_PX, 3), np.float32)
    whole[:n] = cells
    grid = whole.reshape(columns, columns, CELL_PX, CELL_PX, 3).transpose(0, 2, 1, 3, 4)
    tile = np.clip(np.rint(grid.reshape(px, px, 3)), 0, 255).astype(np.uint8)
    row, column = np.divmod(np.arange(n), columns)
    corners = np.array([[low, low], [high, low], [low, high]])
    at = (np.stack([column, row], axis=-1)[:, None] + corners) / columns
    uv = np.stack([at[..., 0], 1 - at[..., 1]], axis=-1).reshape(-1, 2)
    return blank.vertices, blank.faces, uv, tile


def _folded(part: Part, notes: list[str]) -> NDArray[np.floating]:
    """Texture coordinates within the picture, which has neighbours in an atlas."""
    assert part.uv is not None
    uv = part.uv - np.floor(part.uv.min(axis=0) + 1e-6)
    if uv.max() > 1 + 1e-4:
        notes.append("mesh: a texture that repeats beside other materials is cut at its edge")
    return np.clip(uv, 0, 1)


def _stacked(tiles: list[NDArray[np.uint8]]) -> tuple[NDArray[np.uint8], list[int]]:
    """Pictures one below the other, with their edges continued between them; and their top rows."""
    width = max(t.shape[1] for t in tiles)
    rows, tops, top = [], [], 0
    for tile in tiles:
        padded = np.pad(tile, ((0, _PAD_PX), (0, width - tile.shape[1]), (0, 0)), mode="edge")
        rows.append(padded)
        tops.append(top)
        top += len(padded)
    if max(top, width) > 2 * MAX_ATLAS_PX:
        raise BadInputError(
            f"the mesh's {len(tiles)} textures make {width}x{top} pixels, more than "
            f"{2 * MAX_ATLAS_PX} a side: scale them down"
        )
    return np.concatenate(rows), tops


def _joined(
    vertices: list[NDArray[np.float32]], faces: list[NDArray[np.int32]]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    starts = np.cumsum([0, *(len(v) for v in vertices[:-1])])
    moved = [f + start for f, start in zip(faces, starts, strict=True)]
    return np.concatenate(vertices), np.concatenate(moved).astype(np.int32)
