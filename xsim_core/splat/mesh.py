"""A mesh from rendered depth: truncated signed distances (Curless & Levoy 1996), marching cubes."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import QualityGateError
from xsim_core.geometry import PinholeCamera, transform_points

from .config import MeshConfig


@dataclass(frozen=True)
class Mesh:
    """A coloured triangle mesh in the world frame."""

    vertices: NDArray[np.float32]
    """(v, 3) metres."""
    faces: NDArray[np.int32]
    """(f, 3), counter-clockwise seen from free space."""
    rgb: NDArray[np.uint8]
    """(v, 3)."""


@dataclass(frozen=True)
class DepthView:
    """One rendered view to fuse."""

    T_cam_world: NDArray[np.float64]
    rgb: NDArray[np.float32]
    """(h, w, 3) in [0, 1]."""
    depth_m: NDArray[np.float32]
    """(h, w) z-depth; 0 is no measurement."""


def fuse_mesh(views: Iterable[DepthView], camera: PinholeCamera, *, config: MeshConfig) -> Mesh:
    """Fuse depth images into the surface inside the configured box.

    Raises:
        QualityGateError: when no surface lies in the box.
    """
    shape, centres = _voxel_centres(config)
    sdf = np.zeros(len(centres), np.float32)
    weight = np.zeros(len(centres), np.float32)
    colour = np.zeros((len(centres), 3), np.float32)
    for view in views:
        _integrate(view, camera, centres, sdf, weight, colour, config)
    sdf /= np.maximum(weight, 1)
    colour /= np.maximum(weight, 1)[:, None]
    return _marching_cubes(sdf.reshape(shape), weight.reshape(shape), colour, config)


def _voxel_centres(config: MeshConfig) -> tuple[tuple[int, int, int], NDArray[np.float32]]:
    axes = [
        np.arange(low, high + config.voxel_m / 2, config.voxel_m, dtype=np.float32)
        for low, high in zip(config.min_m, config.max_m, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    return (len(axes[0]), len(axes[1]), len(axes[2])), grid.reshape(-1, 3)


def _integrate(
    view: DepthView,
    camera: PinholeCamera,
    centres: NDArray[np.float32],
    sdf: NDArray[np.float32],
    weight: NDArray[np.float32],
    colour: NDArray[np.float32],
    config: MeshConfig,
) -> None:
    """Add one view to the running sums, in place."""
    truncation = config.voxel_m * config.truncation_voxels
    points = transform_points(view.T_cam_world.astype(np.float32), centres)
    rows, pixel = camera.nearest_pixels(points)
    measured = view.depth_m[pixel]
    distance = measured - points[rows, 2]
    used = (measured > 0) & (measured < config.max_depth_m) & (distance > -truncation)
    rows, pixel = rows[used], (pixel[0][used], pixel[1][used])
    sdf[rows] += np.minimum(distance[used] / truncation, 1.0)
    weight[rows] += 1
    colour[rows] += view.rgb[pixel]


def _marching_cubes(
    sdf: NDArray[np.float32],
    weight: NDArray[np.float32],
    colour: NDArray[np.float32],
    config: MeshConfig,
) -> Mesh:
    from skimage.measure import marching_cubes

    # Two views must agree, so that one view's stray depth makes no surface.
    observed = weight >= min(2.0, float(weight.max()))
    if not observed.any() or not (sdf[observed].min() < 0 < sdf[observed].max()):
        raise QualityGateError(
            f"no surface in the box {config.min_m} to {config.max_m} m: the photos do not show the "
            "workspace, or the world frame is wrong. Check the scan's board pose, or move the box "
            "(SplatConfig.mesh)."
        )
    vertices, faces, _, _ = marching_cubes(
        np.where(observed, sdf, 1.0), 0.0, gradient_direction="descent"
    )
    # A vertex lies on a grid edge; where one end was never seen, the crossing is made up.
    ends = np.floor(vertices).astype(int), np.ceil(vertices).astype(int)
    is_real = observed[tuple(ends[0].T)] & observed[tuple(ends[1].T)]
    inner = np.where((sdf[tuple(ends[0].T)] < 0)[:, None], *ends)
    rgb = colour.reshape(*sdf.shape, 3)[tuple(inner.T)]
    faces = _without_crumbs(faces[is_real[faces].all(1)], len(vertices))
    used, compact = np.unique(faces, return_inverse=True)
    return Mesh(
        (vertices[used] * config.voxel_m + np.asarray(config.min_m)).astype(np.float32),
        compact.reshape(-1, 3).astype(np.int32),
        np.rint(np.clip(rgb[used], 0, 1) * 255).astype(np.uint8),
    )


def _without_crumbs(faces: NDArray[np.int32], num_vertices: int) -> NDArray[np.int32]:
    """Drop connected parts of fewer than 100 faces: floaters."""
    _, labels = connected_parts(faces, num_vertices)
    part = labels[faces[:, 0]]
    return faces[np.bincount(part, minlength=1)[part] >= 100]


def connected_parts(faces: NDArray[np.int32], num_vertices: int) -> tuple[int, NDArray[np.int32]]:
    """How many connected parts a mesh has, and which one each vertex belongs to."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_matrix(
        (np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(num_vertices, num_vertices)
    )
    return connected_components(graph, directed=False)
