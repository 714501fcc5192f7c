"""xsim_core/tracking/appearance.py: lighting, learnt colours and colour histograms."""

import numpy as np
import pytest

from tests.tracking.scenes import l_block, make_camera
from xsim_core.geometry import make_se3, mesh_without_texture, so3_exp
from xsim_core.tracking import RayCaster
from xsim_core.tracking.appearance import (
    Appearance,
    ColourModel,
    Lighting,
    colour_agreement,
    fit_lighting,
)
from xsim_core.tracking.frame import Level

CAMERA = make_camera(240, 180)
T = make_se3(so3_exp([2.2, 0.3, 0.4]), [0, 0, 0.6])


def surface(n=600, seed=0):
    rng = np.random.default_rng(seed)
    normals = rng.standard_normal((n, 3))
    return rng.uniform(40, 150, (n, 3)), normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_the_light_that_lit_a_surface_is_found_among_highlights():
    colours, normals = surface()
    true = Lighting(np.array([0.9, 0.15, -0.2, -0.1]), np.array([1.1, 1.0, 0.85]))
    observed = true.apply(colours, normals)
    observed[::10] = 255
    found = fit_lighting(colours, observed, normals, prior=Lighting.neutral(), prior_weight=1e-3)
    clean = np.arange(len(colours)) % 10 > 0
    error = np.abs(found.apply(colours, normals) - true.apply(colours, normals))[clean]
    assert np.median(error) < 3
    np.testing.assert_allclose(found.gain / found.gain[1], true.gain / true.gain[1], rtol=0.03)


def test_too_few_points_say_nothing_about_the_light():
    colours, normals = surface(19)
    prior = Lighting(np.array([0.5, 0, 0, 0.1]), np.array([1.0, 1.2, 1.0]))
    assert fit_lighting(colours, colours, normals, prior=prior) is prior


def render(mesh):
    return RayCaster(mesh).render(T, CAMERA, margin_px=6)


def image_of(rendering, colours, background=(90, 90, 90)):
    rgb = np.full((CAMERA.height, CAMERA.width, 3), background, np.uint8)
    rgb[rendering.pixels[:, 1], rendering.pixels[:, 0]] = np.rint(colours)
    return Level(rgb, np.ones(rgb.shape[:2], np.float32), CAMERA)


def test_a_texture_is_known_everywhere_and_looked_up_where_it_lies():
    mesh = l_block()
    rendering = render(mesh)
    colours, known = Appearance(mesh).lookup(rendering, CAMERA.K[0, 0])
    assert known.all()
    th, tw = mesh.texture.shape[:2]
    column = np.clip((rendering.texcoord[:, 0] * tw).astype(int), 0, tw - 1)
    row = np.clip(((1 - rendering.texcoord[:, 1]) * th).astype(int), 0, th - 1)
    # From here a pixel covers several texels, whose mean is looked up.
    exact = mesh.texture[row, column].astype(float)
    assert np.corrcoef(colours.ravel(), exact.ravel())[0, 1] > 0.95


def test_a_mesh_without_texture_learns_what_it_saw_and_nothing_else():
    textured = l_block()
    bare = mesh_without_texture(textured.vertices, textured.faces)
    appearance, rendering = Appearance(bare), render(bare)
    assert not appearance.lookup(rendering, CAMERA.K[0, 0])[1].any()
    seen = np.random.default_rng(0).uniform(0, 255, (len(rendering.pixels), 3))
    seen[:] = np.where(rendering.pixels[:, :1] > np.median(rendering.pixels[:, 0]), 200, 60)
    half = rendering.pixels[:, 1] > np.median(rendering.pixels[:, 1])
    appearance.learn(rendering, image_of(rendering, seen), half)
    colours, known = appearance.lookup(rendering, CAMERA.K[0, 0])
    assert known[half].mean() > 0.99
    assert known[~half].mean() < 0.2
    assert np.median(np.abs(colours - seen)[half]) < 2


def test_a_given_texture_is_not_learnt_over():
    mesh = l_block()
    appearance, rendering = Appearance(mesh), render(mesh)
    before = appearance.lookup(rendering, CAMERA.K[0, 0])[0]
    black = image_of(rendering, np.zeros((len(rendering.pixels), 3)))
    appearance.learn(rendering, black, np.ones(len(rendering.pixels), bool))
    np.testing.assert_array_equal(appearance.lookup(rendering, CAMERA.K[0, 0])[0], before)


def test_histograms_tell_the_object_from_what_surrounds_it():
    rendering, colours = render(l_block()), ColourModel()
    assert not colours.is_known
    np.testing.assert_allclose(colours.log_odds(), 0)
    red = np.full((len(rendering.pixels), 3), (200, 40, 40))
    colours.learn(
        rendering, image_of(rendering, red), np.ones(len(rendering.pixels), bool), rate=0.5
    )
    assert colours.is_known
    odds = colours.log_odds()
    of_red, of_grey, of_blue = (
        odds[(r >> 4) << 8 | (g >> 4) << 4 | b >> 4]
        for r, g, b in ((200, 40, 40), (90, 90, 90), (10, 10, 250))
    )
    assert of_red > 2
    assert of_grey < -2
    assert of_blue == pytest.approx(0)


def test_a_finger_on_the_object_disagrees_and_what_is_unknown_does_not():
    rendering = render(l_block())
    n, u = len(rendering.pixels), rendering.pixels[:, 0]
    lit = np.full((n, 3), 120.0)
    finger = u > np.quantile(u, 0.7)
    level = image_of(rendering, np.where(finger[:, None], (205, 150, 60), lit))
    agreement = colour_agreement(rendering, level, lit, np.ones(n, bool))
    away = np.abs(u - np.quantile(u, 0.7)) > 6
    assert agreement[finger & away].max() < 0.2
    assert agreement[~finger & away].min() > 0.9
    unknown = colour_agreement(rendering, level, lit, ~finger)
    assert (unknown[finger] == 1).all()
