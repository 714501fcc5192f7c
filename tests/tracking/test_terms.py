"""xsim_core/tracking/terms.py: Jacobians by numeric differentiation; what each term asks for."""

import cv2
import numpy as np
import pytest

from tests.tracking.scenes import T_WORLD_CAM, l_block, make_camera
from xsim_core.geometry import inverse_se3, make_se3, so3_exp
from xsim_core.tracking import RayCaster, TrackerConfig
from xsim_core.tracking.appearance import ColourModel
from xsim_core.tracking.frame import Level
from xsim_core.tracking.raycast import erode
from xsim_core.tracking.refine import apply_motion
from xsim_core.tracking.terms import (
    NONE,
    _contour,
    _contour_posterior,
    depth_equations,
    is_occluded,
    pixel_jacobian,
    point_jacobian,
    region_equations,
    texture_equations,
    tukey,
)

CAMERA, CONFIG = make_camera(480, 360), TrackerConfig()
CASTER = RayCaster(l_block())
T = inverse_se3(T_WORLD_CAM) @ make_se3(so3_exp([0, 0, -0.3]), [0.5, 0, 0])
"""Three of the block's faces are seen; with two, depth says nothing about moves along both."""
CENTRE = T[:3, :3] @ CASTER.mesh.centre + T[:3, 3]
MOTIONS = [np.eye(6)[i] for i in range(6)]


def moved(points, xi):
    """Camera-frame points after a small motion, by the definition of ``apply_motion``."""
    return points + xi[:3] + np.cross(xi[3:], points - CENTRE)


def derivative(value, *, h=1e-6):
    """Central differences (m, 6) of ``value(xi)`` (m,) at no motion."""
    return np.stack([(value(h * xi) - value(-h * xi)) / (2 * h) for xi in MOTIONS], axis=-1)


def random_points(n=50, seed=0):
    rng = np.random.default_rng(seed)
    return CENTRE + rng.uniform(-0.06, 0.06, (n, 3)), rng.standard_normal((n, 3))


def depth_of(rendering, background_m=2.0):
    depth_m = np.full((CAMERA.height, CAMERA.width), background_m, np.float32)
    depth_m[rendering.pixels[:, 1], rendering.pixels[:, 0]] = rendering.points_cam[:, 2]
    return depth_m


def solved(equations):
    """The motion that the equations alone ask for, by weighted least squares."""
    root = np.sqrt(equations.w)
    return np.linalg.lstsq(equations.J * root[:, None], equations.r * root, rcond=None)[0]


def test_apply_motion_moves_points_as_the_jacobians_assume():
    points, _ = random_points()
    local = (points - T[:3, 3]) @ T[:3, :3]
    for xi in MOTIONS:
        T_moved = apply_motion(T, 1e-6 * xi, CENTRE)
        found = local @ T_moved[:3, :3].T + T_moved[:3, 3]
        np.testing.assert_allclose((found - points) / 1e-6, moved(points, xi) - points, atol=1e-6)


def test_point_jacobian():
    points, directions = random_points()
    numeric = derivative(lambda xi: (directions * moved(points, xi)).sum(-1))
    np.testing.assert_allclose(point_jacobian(directions, points, CENTRE), numeric, atol=1e-8)


def test_pixel_jacobian():
    points, _ = random_points()
    directions = np.random.default_rng(1).standard_normal((len(points), 2))
    # Unequal focal lengths would show a mix-up of the axes.
    camera = make_camera(480, 360)
    camera.K[1, 1] *= 1.3
    gradient = pixel_jacobian(directions, points, camera)
    numeric = derivative(lambda xi: (directions * camera.project(moved(points, xi))).sum(-1))
    np.testing.assert_allclose(point_jacobian(gradient, points, CENTRE), numeric, rtol=1e-5)


def test_depth_residuals_shrink_as_their_jacobian_says():
    """r is how far the measured point lies off the rendered plane; moving by xi takes J xi off."""
    rendering = CASTER.render(T, CAMERA)
    shift = np.array([0.001, -0.002, 0.003, 0.01, -0.02, 0.015])
    truth = CASTER.render(apply_motion(T, shift, CENTRE), CAMERA)
    level = Level(np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8), depth_of(truth), CAMERA)
    ones = np.ones(len(rendering.pixels))
    found = depth_equations(rendering, level, CENTRE, agreement=ones, gate_m=0.04, config=CONFIG)
    z, seen = rendering.points_cam[:, 2], rendering.at_hits(level.depth_m)
    inner = erode(rendering.mask, 1)[rendering.mask]
    use = inner & (seen > z - CONFIG.occlusion_m) & (seen < z + 0.04)
    normals, points = rendering.normals_cam[use], rendering.points_cam[use]
    measured = points * (seen[use] / z[use])[:, None]
    np.testing.assert_allclose(found.r, (normals * (measured - points)).sum(-1), atol=1e-9)
    numeric = derivative(lambda xi: -(normals * (measured - moved(points, xi))).sum(-1))
    np.testing.assert_allclose(found.J, numeric, atol=1e-8)


def test_depth_alone_finds_a_small_motion_in_a_few_steps():
    shift = np.array([0.002, -0.003, 0.002, 0.02, -0.015, 0.02])
    T_true = apply_motion(T, shift, CENTRE)
    depth_m = depth_of(CASTER.render(T_true, CAMERA))
    level = Level(np.zeros((*depth_m.shape, 3), np.uint8), depth_m, CAMERA)
    T_now, errors = T, [float(np.linalg.norm(T - T_true))]
    for _ in range(4):
        rendering = CASTER.render(T_now, CAMERA)
        centre = T_now[:3, :3] @ CASTER.mesh.centre + T_now[:3, 3]
        found = depth_equations(
            rendering,
            level,
            centre,
            agreement=np.ones(len(rendering.pixels)),
            gate_m=0.02,
            config=CONFIG,
        )
        T_now = apply_motion(T_now, solved(found), centre)
        errors.append(float(np.linalg.norm(T_now - T_true)))
    assert errors[1] < 0.5 * errors[0]
    assert errors[-1] < 0.01 * errors[0]


def painted(grey):
    """An image (h, w, 3) of a brightness."""
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def test_texture_jacobian_is_the_change_of_brightness():
    """Where brightness is linear over the image, its gradient is known exactly."""
    rendering = CASTER.render(T, CAMERA, margin_px=3)
    v, u = np.mgrid[: CAMERA.height, : CAMERA.width]
    slope = np.array([1.0, -2.0])

    def brightness(pixels):
        return 100 + (pixels - pixels_centre) @ slope * 0.5

    pixels_centre = rendering.pixels.mean(0)
    image = painted(brightness(np.stack([u, v], axis=-1).astype(float)))
    depth_m = depth_of(rendering)
    lit = np.repeat(brightness(rendering.pixels + np.array([3.0, 1.0]))[:, None], 3, axis=-1)
    n = len(rendering.pixels)
    found = texture_equations(
        rendering,
        Level(image, depth_m, CAMERA),
        CENTRE,
        lit_rgb=lit,
        known=np.ones(n, bool),
        agreement=np.ones(n),
        config=CONFIG,
    )
    # The pattern that the object shows here lies 3 px further right and 1 px lower in the image.
    np.testing.assert_allclose(found.r, slope @ np.array([3, 1]) * 0.5, atol=0.6)
    numeric = derivative(lambda xi: brightness(CAMERA.project(moved(rendering.points_cam, xi))))
    rows = [np.abs(numeric - row).max(-1).min() for row in found.J[:: max(1, len(found.J) // 50)]]
    assert max(rows) < 0.03 * np.abs(numeric).max()


def test_texture_alone_finds_a_shift_across_the_view():
    shift = np.array([0.0015, -0.001, 0, 0, 0, 0])
    rendering = CASTER.render(T, CAMERA, margin_px=3)
    truth = CASTER.render(apply_motion(T, shift, CENTRE), CAMERA, margin_px=3)
    rng = np.random.default_rng(0)
    blotches = cv2.GaussianBlur(rng.uniform(0, 255, (64, 64)).astype(np.float32), (0, 0), 1.5)
    blotches = 128 + 6 * (blotches - 127)

    def colour(r):
        uv = (r.texcoord * 63).astype(np.float32)
        grey = cv2.remap(blotches, uv[:, :1].copy(), uv[:, 1:].copy(), cv2.INTER_LINEAR)
        return np.clip(np.repeat(grey, 3, axis=-1), 0, 255)

    # The block's atlas has a cell a face: within one, neighbours on the surface are neighbours.
    image = np.full((CAMERA.height, CAMERA.width, 3), 90, np.uint8)
    image[truth.pixels[:, 1], truth.pixels[:, 0]] = np.rint(colour(truth)).astype(np.uint8)
    n = len(rendering.pixels)
    found = texture_equations(
        rendering,
        Level(image, depth_of(truth), CAMERA),
        CENTRE,
        lit_rgb=colour(rendering),
        known=np.ones(n, bool),
        agreement=np.ones(n),
        config=CONFIG,
    )
    only_shift = found.J[:, :3]
    root = np.sqrt(found.w)
    xi = np.linalg.lstsq(only_shift * root[:, None], found.r * root, rcond=None)[0]
    assert xi[0] == pytest.approx(shift[0], abs=0.5 * shift[0])
    assert xi[1] == pytest.approx(shift[1], abs=0.5 * abs(shift[1]))


def known_colours(rendering, image):
    colours = ColourModel()
    level = Level(image, depth_of(rendering), CAMERA)
    colours.learn(rendering, level, np.ones(len(rendering.pixels), bool), rate=1.0)
    return colours


def two_coloured(rendering):
    image = np.full((CAMERA.height, CAMERA.width, 3), (40, 60, 200), np.uint8)
    image[rendering.pixels[:, 1], rendering.pixels[:, 0]] = (210, 60, 40)
    return image


def test_region_jacobian_is_the_shift_of_the_contour_along_its_normal():
    rendering = CASTER.render(T, CAMERA, margin_px=10)
    contour = _contour(rendering)
    assert contour is not None
    _, normals_px, points = contour
    np.testing.assert_allclose(np.linalg.norm(normals_px, axis=-1), 1, atol=1e-5)
    numeric = derivative(lambda xi: (normals_px * CAMERA.project(moved(points, xi))).sum(-1))
    image = two_coloured(rendering)
    found = region_equations(
        rendering,
        Level(image, depth_of(rendering), CAMERA),
        CENTRE,
        colours=known_colours(rendering, image),
        half_length_px=8,
        config=CONFIG,
    )
    # Lines that cross something nearer are left out.
    assert len(numeric) >= len(found.J) > 0.8 * len(numeric)
    for row in found.J:
        assert np.abs(numeric - row).max(-1).min() < 1e-5 * np.abs(numeric).max()


@pytest.mark.parametrize("axis", [0, 1])
def test_region_alone_finds_a_shift_across_the_view(axis):
    shift = np.zeros(6)
    shift[axis] = 0.008
    rendering = CASTER.render(T, CAMERA, margin_px=10)
    truth = CASTER.render(apply_motion(T, shift, CENTRE), CAMERA, margin_px=10)
    found = region_equations(
        rendering,
        Level(two_coloured(truth), depth_of(truth), CAMERA),
        CENTRE,
        colours=known_colours(rendering, two_coloured(rendering)),
        half_length_px=8,
        config=CONFIG,
    )
    xi = solved(found)
    # A pixel is 2 mm wide here.
    assert xi[axis] == pytest.approx(0.008, abs=0.002)
    assert abs(xi[1 - axis]) < 0.002


def test_the_posterior_lies_where_object_colours_end():
    offsets = np.arange(-6, 7)
    odds = np.where(offsets[None] < np.array([[-2], [0], [3]]), 3.0, -3.0)
    mean, variance = _contour_posterior(odds, offsets)
    # Between the last sample of the object and the first of what surrounds it.
    np.testing.assert_allclose(mean, [-2.5, -0.5, 2.5], atol=0.1)
    flat_mean, flat_variance = _contour_posterior(np.zeros((1, 13)), offsets)
    assert flat_mean[0] == pytest.approx(0.5)
    assert flat_variance[0] > 5 * variance.max()


def test_what_is_in_front_of_the_object_says_nothing_of_it():
    rendering = CASTER.render(T, CAMERA)
    depth_m = depth_of(rendering)
    u, v = rendering.pixels[:, 0], rendering.pixels[:, 1]
    hidden = u < np.median(u)
    depth_m[v[hidden], u[hidden]] -= 0.1
    level = Level(np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8), depth_m, CAMERA)
    np.testing.assert_array_equal(is_occluded(rendering, level, CONFIG), hidden)
    ones = np.ones(len(u))
    found = depth_equations(rendering, level, CENTRE, agreement=ones, gate_m=0.04, config=CONFIG)
    assert 0 < len(found.r) <= (~hidden).sum()
    np.testing.assert_allclose(found.r, 0, atol=1e-6)


def test_terms_without_evidence_have_no_equations():
    rendering = CASTER.render(T, CAMERA)
    nothing = np.zeros((CAMERA.height, CAMERA.width), np.float32)
    level = Level(np.zeros((*nothing.shape, 3), np.uint8), nothing, CAMERA)
    n = len(rendering.pixels)
    args = {"agreement": np.ones(n), "config": CONFIG}
    assert depth_equations(rendering, level, CENTRE, gate_m=0.04, **args) is NONE
    unknown = np.zeros(n, bool)
    lit = np.zeros((n, 3))
    assert texture_equations(rendering, level, CENTRE, lit_rgb=lit, known=unknown, **args) is NONE
    unlearnt = {"colours": ColourModel(), "half_length_px": 8, "config": CONFIG}
    assert region_equations(rendering, level, CENTRE, **unlearnt) is NONE


def test_tukey_forgets_outliers():
    np.testing.assert_allclose(tukey(np.array([0.0, 4.685, -4.685, 100.0]), 1.0), [1, 0, 0, 0])
    assert 0 < tukey(np.array([2.0]), 1.0)[0] < 1
