"""Textured shapes that synthetic scenes are made of: quads, boxes and an L-shaped block."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsim_core.geometry import TexturedMesh

from .textures import patterned_texture


def textured_quad(width_m: float, height_m: float, texture: NDArray[np.uint8]) -> TexturedMesh:
    """A rectangle in the xy-plane, centred, facing +z; the texture's top row lies at +y."""
    x, y = width_m / 2, height_m / 2
    vertices = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return TexturedMesh(vertices, np.array([[0, 1, 2], [0, 2, 3]], np.int32), uv, texture)


def textured_box(size_m: ArrayLike, texture: NDArray[np.uint8]) -> TexturedMesh:
    """A box centred at the origin; each face shows its own cell of a 3x2 atlas."""
    hx, hy, hz = np.asarray(size_m, float) / 2
    return _prism(np.array([[-hx, -hy], [hx, -hy], [hx, hy], [-hx, hy]]), (-hz, hz), texture)


def textured_cylinder(
    radius_m: float, height_m: float, texture: NDArray[np.uint8], *, sides: int = 40
) -> TexturedMesh:
    """An upright cylinder centred at the origin; the texture goes once around it.

    Its lids show the middle of the texture's first rows.
    """
    turns = np.linspace(0, 2 * np.pi, sides + 1)
    ring = radius_m * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    half, u = height_m / 2, np.linspace(0, 1, sides + 1)
    wall = [np.column_stack([ring, np.full(sides + 1, z)]) for z in (-half, half)]
    wall_uv = [np.column_stack([u, np.full(sides + 1, v)]) for v in (0.0, 0.86)]
    lid_uv = np.column_stack([0.5 + 0.07 * np.cos(turns), 0.93 + 0.07 * np.sin(turns)])
    vertices, uv = np.concatenate([*wall, *wall]), np.concatenate([*wall_uv, lid_uv, lid_uv])
    i, n = np.arange(sides), sides + 1
    fan = np.arange(1, sides - 1)
    faces = np.concatenate(
        [
            np.column_stack([i, i + 1, n + i + 1]),
            np.column_stack([i, n + i + 1, n + i]),
            np.column_stack([np.full_like(fan, 2 * n), 2 * n + fan + 1, 2 * n + fan]),
            np.column_stack([np.full_like(fan, 3 * n), 3 * n + fan, 3 * n + fan + 1]),
        ]
    )
    return TexturedMesh(
        vertices.astype(np.float32), faces.astype(np.int32), uv.astype(np.float32), texture
    )


def l_block(
    *, size_m: tuple[float, float, float] = (0.10, 0.06, 0.05), seed: int = 7, texture_px: int = 512
) -> TexturedMesh:
    """An L-shaped block, without rotational symmetry, with a rich texture; centred on its box.

    The bar runs along x; the foot, wider and at +y, makes the L.
    """
    sx, sy, sz = size_m
    outline = np.array(
        [[0, 0], [sx, 0], [sx, 0.5 * sy], [0.42 * sx, 0.5 * sy], [0.42 * sx, sy], [0, sy]]
    )
    outline = outline - [sx / 2, sy / 2]
    rng = np.random.default_rng(seed)
    texture = _atlas_texture(texture_px, rng)
    return _prism(outline, (-sz / 2, sz / 2), texture)


def _atlas_texture(size_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    palette = [(0.75, 0.3, 0.2), (0.2, 0.45, 0.7), (0.85, 0.7, 0.25), (0.3, 0.6, 0.35)]
    half = size_px // 2
    tiles = [
        patterned_texture(
            half,
            half,
            rng=rng,
            base_rgb=rgb,
            contrast=0.45,
            cells=6,
            num_shapes=40,
            shape_px=(size_px / 60, size_px / 15),
            shape_mix=0.8,
            blur_px=size_px / 512,
        )
        for rgb in palette
    ]
    return np.concatenate([np.hstack(tiles[:2]), np.hstack(tiles[2:])])


def _prism(
    outline: NDArray[np.float64], z_m: tuple[float, float], texture: NDArray[np.uint8]
) -> TexturedMesh:
    """Extrude an outline (n, 2) that vertex 0 sees whole; sharp edges, a UV rectangle a face."""
    low, high = z_m
    n = len(outline)
    caps = [(outline, high, +1), (outline, low, -1)]
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64], list[list[int]]]] = []
    for points, z, side in caps:
        fan = [[0, i, i + 1] if side > 0 else [0, i + 1, i] for i in range(1, n - 1)]
        xyz = np.column_stack([points, np.full(n, z)])
        local = (points - points.min(axis=0)) * [side, 1]
        parts.append((xyz, local - local.min(axis=0), fan))
    for i in range(n):
        a, b = outline[i], outline[(i + 1) % n]
        xyz = np.array([[*a, low], [*b, low], [*b, high], [*a, high]])
        length = float(np.linalg.norm(b - a))
        local = np.array([[0, 0], [length, 0], [length, high - low], [0, high - low]])
        parts.append((xyz, local, [[0, 1, 2], [0, 2, 3]]))
    return _packed(parts, texture)


def _packed(
    parts: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], list[list[int]]]],
    texture: NDArray[np.uint8],
) -> TexturedMesh:
    """Join flat parts (xyz, local metric UV from 0, faces); shelf-pack their UV rectangles."""
    extents = np.array([local.max(axis=0) for _, local, _ in parts])
    gap = 0.02 * float(extents.max())
    order = np.argsort(-extents[:, 1], kind="stable")
    scale = float(np.sqrt(np.prod(extents + gap, axis=1).sum()))
    while (corners := _shelves(extents + gap, order, scale)) is None:
        scale *= 1.03
    vertices, uv, faces, start = [], [], [], 0
    for (xyz, local, tris), corner in zip(parts, corners, strict=True):
        vertices.append(xyz)
        uv.append((local + corner + gap / 2) / scale)
        faces.append(np.array(tris) + start)
        start += len(xyz)
    return TexturedMesh(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(faces).astype(np.int32),
        np.concatenate(uv).astype(np.float32),
        texture,
    )


def _shelves(
    extents: NDArray[np.float64], order: NDArray[np.int64], side: float
) -> NDArray[np.float64] | None:
    """Lower-left corners (n, 2) of rectangles on shelves in a square; None if they do not fit."""
    corners = np.zeros_like(extents)
    x = y = shelf = 0.0
    for i in order:
        width, height = extents[i]
        if x + width > side:
            x, y, shelf = 0.0, y + shelf, 0.0
        if width > side or y + height > side:
            return None
        corners[i] = x, y
        x, shelf = x + width, max(shelf, height)
    return corners
