"""Convex pieces for PhysX: dynamic bodies cannot collide as arbitrary triangle meshes."""

import logging

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.sim.pieces import ConvexPieces

logger = logging.getLogger(__name__)

CONVEX_RATIO = 0.95
"""Volume over hull volume above which one hull is close enough."""
TABLE_BAND_M = 0.005
"""Pieces this little above the support plane belong to it."""
ROBOT_BASE_BOX = (np.array([-0.25, -0.2, -0.1]), np.array([0.15, 0.2, 0.6]))
"""Where the Panda's base stands; a scan that shows a robot there must not collide with it."""


def object_pieces(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> ConvexPieces:
    """Convex pieces of the object, in its frame.

    Nearly convex or open meshes become their hull; others are split by CoACD (Wei et al. 2022).
    """
    import trimesh

    mesh = trimesh.Trimesh(vertices, faces, process=True)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    hull = mesh.convex_hull
    pieces = [hull]
    if mesh.is_watertight and mesh.volume < CONVEX_RATIO * hull.volume:
        pieces = _decompose(mesh)
    return ConvexPieces.join(pieces)


def _decompose(mesh):  # noqa: ANN001, ANN202 - trimesh has no stubs.
    import coacd
    import trimesh

    coacd.set_log_level("error")
    parts = coacd.run_coacd(
        coacd.Mesh(mesh.vertices, mesh.faces),
        threshold=0.05,
        preprocess_mode="off",
        max_ch_vertex=64,
        mcts_iterations=60,
        seed=0,
    )
    return [trimesh.convex.convex_hull(np.asarray(v)) for v, _ in parts]


def scene_pieces(
    vertices: NDArray[np.floating],
    piece_ends: NDArray[np.integer],
    *,
    table_height_m: float,
    keep_clear_low: NDArray[np.floating],
    keep_clear_high: NDArray[np.floating],
) -> ConvexPieces:
    """The scene's obstacles, world frame: convex pieces that are not table, robot or workspace.

    The support plane is added apart as a box that reaches everywhere, so pieces below it add only
    contacts. A reconstruction's bumps at the workspace would jam the object at its start.

    Args:
        vertices: (c, 3) of all pieces, world frame, metres.
        piece_ends: (k,) end of each piece in ``vertices``.
        table_height_m: height of the support plane.
        keep_clear_low: (3,) corner of the box in which object and hand move.
        keep_clear_high: (3,) the opposite corner.

    Raises:
        BadInputError: when a piece has no volume.
    """
    import trimesh

    hulls, begin = [], 0
    for i, end in enumerate(np.asarray(piece_ends, dtype=int)):
        points = np.asarray(vertices[begin:end], dtype=np.float64)
        begin = end
        low, high = points.min(axis=0), points.max(axis=0)
        if high[2] <= table_height_m + TABLE_BAND_M or _overlaps(low, high, *ROBOT_BASE_BOX):
            continue
        if _overlaps(low, high, keep_clear_low, keep_clear_high):
            logger.warning("scene collision piece %d reaches into the workspace: dropped", i)
            continue
        # Asked of flat points, trimesh answers with a hull of no volume instead of an error.
        if np.linalg.matrix_rank(points - points.mean(axis=0), tol=1e-6) < 3:
            raise BadInputError(
                f"scene collision piece {i} is flat: its {len(points)} points span no volume, "
                f"between {low.round(3).tolist()} and {high.round(3).tolist()} m. Run splat again."
            )
        hulls.append(trimesh.convex.convex_hull(points))
    return ConvexPieces.join(hulls)


def _overlaps(
    low_a: NDArray[np.floating],
    high_a: NDArray[np.floating],
    low_b: NDArray[np.floating],
    high_b: NDArray[np.floating],
) -> bool:
    return bool(np.all(high_a > low_b) and np.all(low_a < high_b))
