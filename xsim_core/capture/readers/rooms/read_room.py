"""A room's file, whatever it is: a mesh is strewn with discs, Gaussians are taken as they are."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsim_core.capture.place.room_spec import RoomFileSpec
from xsim_core.capture.readers.meshes.mesh import read_mesh
from xsim_core.errors import BadInputError
from xsim_core.geometry import (
    TexturedMesh,
    matrix_to_quat_wxyz,
    quat_wxyz_to_matrix,
    transform_points,
)

from .gaussians import Arrays, holds_gaussians, read_gaussians

ACCEPTS = (
    "a textured mesh (Polycam's .glb or .obj, 2DGS's fuse.ply, all that a mesh may be), a binary "
    ".ply of Gaussians (3DGS, 2DGS, nerfstudio's splatfacto), or a packed one (.compressed.ply of "
    "SuperSplat and gsplat, .splat, .spz), with its pose"
)
MAX_DISCS, LEAST_APART_M = 150_000, 0.004
DISC = 0.65
"""Of the distance between discs: their scale, at which they cover the surface."""
OPAQUE = 0.98
LARGEST_M = 60.0
SH_C0 = 0.28209479177387814


def read_room(path: Path, spec: RoomFileSpec, notes: list[str], *, root: Path) -> Arrays:
    """Flat Gaussians in the world's frame, metres; arrays as ``read_gaussians`` answers them.

    Args:
        path: of the file.
        spec: what ``capture.yaml`` says of it.
        notes: receives what was left out or guessed.
        root: within this folder a mesh's textures are looked for.

    Raises:
        BadInputError: when it cannot be read, or is no room by its size.
    """
    if holds_gaussians(path):
        room = read_gaussians(path, notes)
    else:
        mesh = read_mesh(path, notes, root=root, is_object=False)
        if not mesh.is_textured:
            notes.append(f"room: {path.name} has no colours: the policy would see a grey room")
        room = strewn(mesh, spec.metres_per_unit)
    placed = _placed(room, spec)
    within = np.quantile(placed["means"], [0.02, 0.98], axis=0)
    size_m = float(np.linalg.norm(within[1] - within[0]))
    if not 0.1 < size_m < LARGEST_M:
        raise BadInputError(
            f"{path} measures {size_m:.3g} m across, which no room does: state its unit as "
            "`metres_per_unit` below room."
        )
    notes.append(f"room: {len(placed['means'])} Gaussians of {path.name}, {size_m:.1f} m across")
    return placed


def strewn(mesh: TexturedMesh, metres_per_unit: float) -> Arrays:
    """Discs all over a mesh's surface, in its own lengths.

    Raises:
        BadInputError: when it has no surface.
    """
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = float(0.5 * np.linalg.norm(normals, axis=1).sum())
    if not 0 < area < np.inf:
        raise BadInputError(
            f"the room's mesh has {len(mesh.faces)} triangles of {area:g} area in all: export it "
            "again, with places that are numbers."
        )
    apart = max(LEAST_APART_M / metres_per_unit, float(np.sqrt(area / MAX_DISCS)))
    n = int(np.clip(area / apart**2, 100, MAX_DISCS))
    # Equal generators spread equal points.
    points, colours = mesh.sample_colours(n, rng=np.random.default_rng(0))
    across = mesh.sample_normals(n, rng=np.random.default_rng(0))
    return {
        "means": points.astype(np.float32),
        "quats_wxyz": _facing(np.asarray(across, np.float64)).astype(np.float32),
        "scales": np.full((n, 2), DISC * apart, np.float32),
        "opacities": np.full(n, OPAQUE, np.float32),
        "sh0": ((colours / 255 - 0.5) / SH_C0).astype(np.float32),
    }


def _facing(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions (n, 4) whose third axis is the normal (n, 3)."""
    helper = np.where(np.abs(normals[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    x = np.cross(helper, normals)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return matrix_to_quat_wxyz(np.stack([x, np.cross(normals, x), normals], axis=-1))


def _placed(room: Arrays, spec: RoomFileSpec) -> Arrays:
    T, metres = np.array(spec.T_world_room, np.float64), spec.metres_per_unit
    turns = T[:3, :3] @ quat_wxyz_to_matrix(room["quats_wxyz"].astype(np.float64))
    means = transform_points(T, metres * room["means"].astype(np.float64))
    return {
        **room,
        "means": means.astype(np.float32),
        "quats_wxyz": matrix_to_quat_wxyz(turns).astype(np.float32),
        "scales": (metres * room["scales"]).astype(np.float32),
    }
