"""The support plane by property; obstacles from a mesh with known boxes."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings, strategies as st

from xsim_core.errors import QualityGateError
from xsim_core.splat.collision import (
    CollisionConfig,
    SupportPlane,
    collision_pieces,
    fit_support_plane,
)
from xsim_core.splat.mesh import Mesh

CONFIG = CollisionConfig()


@settings(max_examples=20, deadline=None)
@given(
    height=st.floats(-0.05, 0.05),
    dx=st.floats(-0.05, 0.05),
    dy=st.floats(-0.05, 0.05),
    outliers=st.floats(0, 0.5),
    seed=st.integers(0, 1000),
)
def test_plane_is_found_among_outliers(height, dx, dy, outliers, seed):
    rng = np.random.default_rng(seed)
    xy = rng.uniform((0.2, -0.45), (0.9, 0.45), (300, 2))
    z = height + (xy - (0.55, 0)) @ (dx, dy) + rng.normal(0, 0.001, 300)
    off = rng.random(300) < outliers
    z[off] += rng.uniform(0.01, 0.3, off.sum())
    plane = fit_support_plane(np.c_[xy, z], config=CONFIG)
    assert plane.height_m == pytest.approx(height, abs=0.002)
    np.testing.assert_allclose(plane.slope, (dx, dy), atol=0.012)
    assert plane.tilt_rad == pytest.approx(np.arctan(np.hypot(*plane.slope)))


def test_a_slope_is_no_table():
    xy = np.random.default_rng(0).uniform((0.3, -0.3), (0.8, 0.3), (300, 2))
    with pytest.raises(QualityGateError, match="no support plane"):
        fit_support_plane(np.c_[xy, 0.5 * (xy[:, 0] - 0.55)], config=CONFIG)


def box(low, high):
    shape = trimesh.creation.box(bounds=[low, high]).subdivide_to_size(0.02)
    return shape.vertices, shape.faces


def test_obstacles_near_the_workspace_become_hulls():
    near = box((0.4, 0.3, 0.0), (0.5, 0.4, 0.1))
    far = box((-0.9, 0.3, 0.0), (-0.8, 0.4, 0.1))
    crumb = box((0.6, 0.0, 0.02), (0.61, 0.01, 0.035))
    parts = [trimesh.Trimesh(*p, process=False) for p in (near, far, crumb)]
    joined = trimesh.util.concatenate(parts)
    mesh = Mesh(
        joined.vertices.astype(np.float32),
        joined.faces.astype(np.int32),
        np.zeros((len(joined.vertices), 3), np.uint8),
    )
    support, hull = collision_pieces(mesh, SupportPlane(0.0, (0, 0)), config=CONFIG)
    np.testing.assert_allclose(hull.min(0), (0.4, 0.3, 0.0), atol=1e-6)
    np.testing.assert_allclose(hull.max(0), (0.5, 0.4, 0.1), atol=1e-6)
    assert support[:, 2].max() == 0
    assert (support.min(0)[:2] <= (0, -0.349)).all()
