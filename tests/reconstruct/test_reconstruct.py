"""A block that a hand pushes, made from the film alone and held against the true one."""

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from tests.reconstruct.films import hand_film
from xsim_core.geometry import inverse_se3, transform_points
from xsim_core.reconstruct import reconstruct_object
from xsim_core.reconstruct.agree import MIN_AGREEMENT
from xsim_core.tracking import add_m


@pytest.fixture(scope="module")
def film():
    return hand_film(12)


@pytest.fixture(scope="module")
def made(film):
    return reconstruct_object(film.video, 0, film.box)


@pytest.fixture(scope="module")
def T_true_made(film, made):
    """The reconstruction's frame in the true object's, found once."""
    return inverse_se3(film.T_cam_object[0]) @ made.T_cam_object[0]


def test_the_seen_surface_is_where_the_true_one_is(film, made, T_true_made):
    vertices = transform_points(T_true_made, made.mesh.vertices.astype(float))
    rec = trimesh.Trimesh(vertices, made.mesh.faces, process=False)
    true = trimesh.Trimesh(film.mesh.vertices, film.mesh.faces, process=False)
    points, face = trimesh.sample.sample_surface(rec, 3000, seed=0)
    seen = made.is_seen[made.mesh.faces[face]].all(1)
    off_m = cKDTree(trimesh.sample.sample_surface(true, 60000, seed=0)[0]).query(points)[0]
    assert off_m[seen].mean() < 0.0015
    assert off_m.max() < 0.015
    assert 0.25 < made.seen_share < 0.7
    np.testing.assert_allclose(np.ptp(vertices, axis=0), [0.10, 0.06, 0.05], atol=0.012)


def test_it_stands_on_the_table_in_its_own_frame(made):
    low, high = made.mesh.vertices.min(0), made.mesh.vertices.max(0)
    assert low[2] == pytest.approx(0, abs=0.003)
    assert np.abs((low + high)[:2] / 2).max() < 0.015


def test_all_views_together_agree_with_the_first(made):
    assert made.agreement > MIN_AGREEMENT
    assert made.num_looks > 1


def test_it_is_a_closed_body(made):
    mesh = trimesh.Trimesh(made.mesh.vertices, made.mesh.faces, process=True)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight
    # An L of 0.10 x 0.03 x 0.05 and 0.04 x 0.03 x 0.03 m, faces turned outwards.
    assert mesh.volume == pytest.approx(0.000186, rel=0.3)


def test_its_poses_on_the_way_are_the_true_ones(film, made, T_true_made):
    T, points = made.T_cam_object @ inverse_se3(T_true_made), film.mesh.vertices[::8].astype(float)
    assert np.isfinite(T).all()
    assert add_m(T, film.T_cam_object, points).max() < 0.005


def test_it_has_the_colours_that_were_seen(film, made, T_true_made):
    """The picture of the first frame, drawn again from the reconstruction."""
    from xsim_core.tracking import RayCaster

    rendering = RayCaster(made.mesh).render(made.T_cam_object[0], film.video.camera)
    h, w = made.mesh.texture.shape[:2]
    column = (rendering.texcoord[:, 0] * w).astype(int).clip(0, w - 1)
    row = ((1 - rendering.texcoord[:, 1]) * h).astype(int).clip(0, h - 1)
    drawn = made.mesh.texture[row, column].astype(float)
    seen = rendering.at_hits(film.video.rgb(0)).astype(float)
    assert np.median(np.abs(drawn - seen)) < 12
    assert np.corrcoef(drawn.ravel(), seen.ravel())[0, 1] > 0.85
