"""What the robot may hit: the support plane as a box, and hulls of what stands on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsim_core.config import Vec2
from xsim_core.errors import QualityGateError

from .config import CollisionConfig
from .mesh import Mesh, connected_parts


@dataclass(frozen=True)
class SupportPlane:
    """z = height + slope . ((x, y) - centre)."""

    height_m: float
    """At the centre of the workspace."""
    slope: Vec2
    """dz/dx, dz/dy."""

    @property
    def tilt_rad(self) -> float:
        """Angle between the plane's normal and z."""
        return float(np.arctan(np.hypot(*self.slope)))


def fit_support_plane(
    points_world: NDArray[np.floating], *, config: CollisionConfig
) -> SupportPlane:
    """The dominant near-horizontal plane of points (p, 3) around the workspace.

    RANSAC over triples whose plane passes the tilt gate, then least squares on the inliers.

    Raises:
        QualityGateError: when no near-horizontal plane carries enough points.
    """
    low, high = np.asarray(config.workspace_min_m), np.asarray(config.workspace_max_m)
    points = np.asarray(points_world, dtype=np.float64)
    near = ((points[:, :2] > low - 0.15) & (points[:, :2] < high + 0.15)).all(1)
    points = points[near & (np.abs(points[:, 2]) < config.max_height_m)]
    best = _ransac(points, np.random.default_rng(config.seed), config)
    if best.sum() < 12:
        raise QualityGateError(
            f"no support plane: of {len(points)} points around the workspace {tuple(low)} to "
            f"{tuple(high)} m at most {int(best.sum())} lie on one plane within "
            f"{config.inlier_m} m and {config.max_tilt_rad} rad of horizontal. Photograph it "
            "from more sides, or check the board's pose."
        )
    centre = (low + high) / 2
    a = np.c_[points[best][:, :2] - centre, np.ones(best.sum())]
    dx, dy, height = np.linalg.lstsq(a, points[best][:, 2], rcond=None)[0]
    plane = SupportPlane(float(height), (float(dx), float(dy)))
    if plane.tilt_rad > config.max_tilt_rad:
        raise QualityGateError(
            f"the support plane is tilted by {plane.tilt_rad:.3f} rad, more than "
            f"{config.max_tilt_rad}. Check the board's pose in the capture."
        )
    return plane


def _ransac(
    points: NDArray[np.float64], rng: np.random.Generator, config: CollisionConfig
) -> NDArray[np.bool_]:
    best = np.zeros(len(points), bool)
    if len(points) < 3:
        return best
    for _ in range(400):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal)
        if length < 1e-9 or abs(normal[2]) < np.cos(config.max_tilt_rad) * length:
            continue
        inliers = np.abs((points - a) @ (normal / length)) < config.inlier_m
        if inliers.sum() > best.sum():
            best = inliers
    return best


def collision_pieces(
    mesh: Mesh, plane: SupportPlane, *, config: CollisionConfig
) -> list[NDArray[np.float32]]:
    """Convex pieces as vertex arrays (c, 3): the support box first, then the clutter's hulls."""
    pieces = [_support_box(mesh, plane, config)]
    above = mesh.vertices[:, 2] > plane.height_m + config.clearance_m
    for rows in _clusters(mesh, above):
        hull = _hull(mesh.vertices[rows], plane, config)
        if hull is not None:
            pieces.append(hull)
    return pieces


def _support_box(mesh: Mesh, plane: SupportPlane, config: CollisionConfig) -> NDArray[np.float32]:
    on_plane = np.abs(mesh.vertices[:, 2] - plane.height_m) < config.clearance_m
    low = np.minimum(config.workspace_min_m, (0.0, 0.0))
    high = np.asarray(config.workspace_max_m)
    if on_plane.any():
        xy = mesh.vertices[on_plane, :2]
        low, high = np.minimum(low, xy.min(0)), np.maximum(high, xy.max(0))
    top, bottom = plane.height_m, plane.height_m - config.thickness_m
    corners = [
        (x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (bottom, top)
    ]
    return np.array(corners, np.float32)


def _clusters(mesh: Mesh, keep: NDArray[np.bool_]) -> list[NDArray[np.integer]]:
    """Vertex indices of the connected parts of the mesh among the kept vertices."""
    faces = mesh.faces[keep[mesh.faces].all(1)]
    _, labels = connected_parts(faces, len(mesh.vertices))
    used = np.unique(faces)
    return [used[labels[used] == k] for k in np.unique(labels[used])]


def _hull(
    vertices: NDArray[np.float32], plane: SupportPlane, config: CollisionConfig
) -> NDArray[np.float32] | None:
    """The convex hull down to the plane, or None for noise and for what is out of reach."""
    from scipy.spatial import ConvexHull

    # A few stray triangles at a silhouette would blow the hull up.
    low, high = np.quantile(vertices, (0.01, 0.99), axis=0)
    vertices = vertices[((vertices >= low) & (vertices <= high)).all(1)]
    if len(vertices) < 8:
        return None
    size = np.ptp(vertices, axis=0)
    low = np.asarray(config.workspace_min_m) - config.reach_m
    high = np.asarray(config.workspace_max_m) + config.reach_m
    centre = (vertices[:, :2].min(0) + vertices[:, :2].max(0)) / 2
    if (size < config.min_size_m).any() or (centre < low).any() or (centre > high).any():
        return None
    # Cut off at the clearance, the cluster still stands on the plane.
    feet = vertices[vertices[:, 2] < vertices[:, 2].min() + 0.02].copy()
    feet[:, 2] = plane.height_m
    points = np.concatenate([vertices, feet])
    hull = points[ConvexHull(points).vertices]
    return _thin_out(hull, 48).astype(np.float32)


def _thin_out(points: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """At most ``count`` points, farthest first: physics engines limit a hull's vertices."""
    chosen = [int(points[:, 2].argmax())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return points[chosen]
