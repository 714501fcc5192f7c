import numpy as np
import pytest
import trimesh
from hypothesis import given, settings, strategies as st

from xsim_core.render.shapes import l_block, textured_box, textured_cylinder, textured_quad
from xsim_core.render.textures import fractal_noise, patterned_texture

TEXTURE = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)


def test_glb_keeps_geometry_uv_and_texture(tmp_path):
    mesh = l_block(texture_px=64)
    path = mesh.write_glb(tmp_path / "a.glb")
    read = trimesh.load(path, force="mesh", process=False)
    np.testing.assert_allclose(read.vertices, mesh.vertices, atol=1e-6)
    np.testing.assert_allclose(read.visual.uv, mesh.uv, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(read.visual.material.baseColorTexture), mesh.texture)
    assert read.visual.material.metallicFactor == 0.0


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.floats(0.01, 0.5)] * 3))
def test_boxes_are_closed_and_outward(size):
    mesh = textured_box(size, TEXTURE)
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces)
    solid.merge_vertices(merge_tex=True, merge_norm=True)
    assert solid.is_watertight
    assert solid.volume == pytest.approx(np.prod(size), rel=1e-4)
    assert mesh.uv.min() >= 0
    assert mesh.uv.max() <= 1


def test_cylinders_are_closed_and_outward():
    mesh = textured_cylinder(0.05, 0.12, TEXTURE, sides=60)
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces)
    solid.merge_vertices(merge_tex=True, merge_norm=True)
    assert solid.is_watertight
    assert solid.volume == pytest.approx(np.pi * 0.05**2 * 0.12, rel=0.01)
    assert mesh.uv.min() >= 0
    assert mesh.uv.max() <= 1


def test_block_is_a_solid_l_without_overlapping_uv():
    mesh = l_block()
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces)
    solid.merge_vertices(merge_tex=True, merge_norm=True)
    assert solid.is_watertight
    assert solid.volume == pytest.approx(0.10 * 0.06 * 0.05 * (0.5 + 0.42 * 0.5), rel=1e-4)
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), [0.10, 0.06, 0.05], atol=1e-6)
    triangles = mesh.uv[mesh.faces]
    edges = triangles[:, 1:] - triangles[:, :1]
    area = 0.5 * np.abs(np.linalg.det(edges)).sum()
    assert 0.4 < area < 1.0
    # One scale for all faces: a centimetre has as many texels everywhere.
    corners = mesh.vertices[mesh.faces]
    lengths = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    texels = np.linalg.norm(triangles[:, 1] - triangles[:, 0], axis=1)
    np.testing.assert_allclose(texels / lengths, (texels / lengths)[0], rtol=1e-3)


def test_quad_faces_up():
    mesh = textured_quad(2.0, 1.0, TEXTURE)
    a, b, c = mesh.vertices[mesh.faces[0]]
    assert np.cross(b - a, c - a)[2] > 0


def test_textures_repeat_with_their_seed():
    a, b = (patterned_texture(40, 60, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.shape == (40, 60, 3)
    noise = fractal_noise(30, 50, cells=4, octaves=3, rng=np.random.default_rng(0))
    assert noise.min() >= 0
    assert noise.max() <= 1
