"""The symmetries that a mesh shows, in shape and, where it has colours, in those.

Candidate axes go through the surface's centroid, which every symmetry keeps: the principal axes,
those of the tightest box, and the normals of large flat faces. A turn about one is a symmetry
when turned samples of the surface lie on the surface, and bring its colours along.
"""

import logging

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import QhullError, cKDTree

from .mesh import TexturedMesh
from .se3 import make_se3, rotation_angle, so3_exp
from .symmetry_spec import ObjectSymmetry, SymmetryAxis

NUM_SURFACE, NUM_TRIED = 12_000, 1_000
MEAN_OFF, FAR_OFF = 0.004, 0.015
"""How far turned samples may lie from the surface, in diameters: on average, and 98 in 100."""
COLOUR_OFF = 6.0
"""Levels of 255 by which colours may differ more than neighbours on the surface do."""
FOLDS = (2, 3, 4, 5, 6, 8)
ODD_TURNS_RAD = (0.7, 1.9, 2.6)
"""A solid that these three leave alone, no fold leaves another than a body of revolution."""
MAX_AXES, MAX_TURNS = 16, 60
logger = logging.getLogger(__name__)
Points = NDArray[np.float64]


def find_symmetry(mesh: TexturedMesh) -> ObjectSymmetry:
    """What turns leave the mesh as it is, within ``MEAN_OFF`` and ``FAR_OFF`` of its diameter.

    What is smaller than that (a seam, a nozzle) does not break a symmetry.
    """
    surface = _Surface(mesh)
    axes = _candidates(mesh, surface.centre)
    round_about = [a for a in axes if all(surface.is_kept(so3_exp(t * a)) for t in ODD_TURNS_RAD)]
    round_about = round_about[:2]  # Of a ball every axis is one: two say so.
    turns = [] if len(round_about) > 1 else _turns(axes, round_about, surface)
    centre = surface.centre
    x, y, z = centre.tolist()
    return ObjectSymmetry(
        discrete=tuple(_rows(make_se3(R, centre - R @ centre)) for R in turns),
        continuous=tuple(SymmetryAxis(axis=_vec(a), offset=(x, y, z)) for a in round_about),
        source="found",
    )


class _Surface:
    """Samples of the mesh's surface and their colours, and whether a turn keeps them."""

    def __init__(self, mesh: TexturedMesh) -> None:
        rng = np.random.default_rng(0)
        self._points, self._rgb = mesh.sample_colours(NUM_SURFACE, rng=rng)
        self._tried, self._tried_rgb = mesh.sample_colours(NUM_TRIED, rng=rng)
        self._is_coloured = mesh.is_textured
        self._diameter = mesh.diameter_m
        self._tree = cKDTree(self._points)
        self.centre = _centroid(mesh)
        self._usual = self._off(np.eye(3), slice(None))

    def is_kept(self, R: Points) -> bool:
        """Whether a turn (3, 3) about the centroid brings the surface onto itself."""
        # A few samples refuse most turns.
        return all(self._is_near(self._off(R, few)) for few in (slice(100), slice(None)))

    def _is_near(self, off: tuple[float, float, float]) -> bool:
        mean, far, colour = (a - b for a, b in zip(off, self._usual, strict=True))
        is_shape = mean <= MEAN_OFF * self._diameter and far <= FAR_OFF * self._diameter
        return is_shape and (not self._is_coloured or colour <= COLOUR_OFF)

    def _off(self, R: Points, which: slice) -> tuple[float, float, float]:
        """Distance from the surface, mean and nearly largest, metres; difference in colour."""
        turned = (self._tried[which] - self.centre) @ R.T + self.centre
        distance, nearest = self._tree.query(turned)
        colour = np.abs(self._tried_rgb[which] - self._rgb[nearest]).mean()
        return float(distance.mean()), float(np.quantile(distance, 0.98)), float(colour)


def _turns(axes: list[Points], round_about: list[Points], surface: _Surface) -> list[Points]:
    """The discrete turns (3, 3) of the group, without the identity and what an axis explains."""
    kept: list[Points] = [np.eye(3)]
    for a in axes:
        if any(abs(a @ r) > 0.99 for r in round_about):
            continue
        folds = FOLDS if not round_about else (2,)
        kept += [R for n in folds if surface.is_kept(R := so3_exp(2 * np.pi / n * a))]
        if round_about and len(kept) > 1:
            break  # All half turns across an axis of revolution are one and the turns about it.
    if round_about:
        return kept[1:2]
    return [R for R in _closed(kept) if rotation_angle(np.eye(3), R) > 0.01]


def _closed(turns: list[Points]) -> list[Points]:
    """The group that turns generate, as far as ``MAX_TURNS``."""
    group = np.stack(turns[:1])
    for _ in range(3):
        for R in (group[:, None] @ np.stack(turns)).reshape(-1, 3, 3):
            # By the trace of their difference, turns within 3 degrees are one.
            is_new = np.einsum("nij,ij->n", group, R).max() < 1 + 2 * np.cos(np.deg2rad(3))
            if is_new and len(group) < MAX_TURNS:
                group = np.concatenate([group, R[None]])
    return list(group)


def _candidates(mesh: TexturedMesh, centre: Points) -> list[Points]:
    """Directions (3,) that an axis may have, likeliest first."""
    import trimesh

    corners = mesh.vertices[mesh.faces].astype(np.float64) - centre
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=-1)
    middle = corners.mean(1)
    moments = np.einsum("f,fki,fkj->ij", area, corners, corners)
    moments += 9 * np.einsum("f,fi,fj->ij", area, middle, middle)
    found = [*np.linalg.eigh(moments)[1].T]
    try:
        hull = trimesh.convex.convex_hull(mesh.vertices.astype(np.float64))
        found += [*hull.bounding_box_oriented.primitive.transform[:3, :3].T]
        largest = np.argsort(-hull.facets_area)[:6] if len(hull.facets_area) else []
        found += [hull.facets_normal[k] for k in largest]
    except QhullError:
        logger.debug("a flat mesh has no hull: its principal axes are tried alone")
    return _distinct([np.asarray(a) / np.linalg.norm(a) for a in found])[:MAX_AXES]


def _distinct(axes: list[Points]) -> list[Points]:
    kept: list[Points] = []
    for a in axes:
        if all(abs(a @ b) < np.cos(np.deg2rad(1)) for b in kept):
            kept.append(a)
    return kept


def _centroid(mesh: TexturedMesh) -> Points:
    """Centre of mass (3,) of the surface."""
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normal, axis=-1)
    return np.asarray((area[:, None] * corners.mean(1)).sum(0) / max(float(area.sum()), 1e-15))


def _vec(a: Points) -> tuple[float, float, float]:
    # Of the two directions of a line, the one that points up most.
    x, y, z = ((a * (1 if a[np.abs(a).argmax()] > 0 else -1)).round(6) + 0).tolist()
    return x, y, z


def _rows(T: Points) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in T.round(9).tolist())
