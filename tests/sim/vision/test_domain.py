"""xsim_core/sim/vision/domain.py: the seed decides an episode; nothing strays past its range."""

import numpy as np

from xsim_core.geometry import inverse_se3, look_at, make_se3, rotation_angle, so3_exp
from xsim_core.render.lights import LightSpec
from xsim_core.sim.vision.domain import (
    CameraRandomisation,
    Domain,
    LightRandomisation,
    randomised_domain,
)

T_WORLD_CAM = look_at([1.2, 0.3, 0.7], [0.5, 0.0, 0.0])
LIGHTS = LightSpec()


def test_a_domain_without_randomisation_is_the_same_for_every_seed():
    for seed in range(5):
        draw = Domain().draw(seed, T_WORLD_CAM)
        np.testing.assert_allclose(draw.T_world_cam, T_WORLD_CAM, atol=1e-15)
        assert draw.lights.model_dump() == LIGHTS.model_dump()


def test_the_seed_decides_camera_light_sensor_and_noise():
    domain = randomised_domain()
    a, b, other = (domain.draw(seed, T_WORLD_CAM) for seed in (3, 3, 4))
    np.testing.assert_array_equal(a.T_world_cam, b.T_world_cam)
    np.testing.assert_array_equal(a.gain, b.gain)
    assert a.lights == b.lights
    assert a.rng.random() == b.rng.random()
    assert a.lights != other.lights
    assert not np.array_equal(a.T_world_cam, other.T_world_cam)


def test_an_offset_is_an_error_in_the_cameras_own_frame():
    offset = (0.01, -0.02, 0.03, 0.0, 0.1, 0.0)
    draw = Domain(camera_offset=offset).draw(0, T_WORLD_CAM)
    expected = make_se3(so3_exp([0, 0.1, 0]), [0.01, -0.02, 0.03])
    np.testing.assert_allclose(inverse_se3(T_WORLD_CAM) @ draw.T_world_cam, expected, atol=1e-12)


def test_the_camera_strays_over_its_whole_range_and_no_further():
    stray = CameraRandomisation(translation_m=0.02, rotation_rad=0.01)
    domain = Domain(camera=stray)
    errors = [
        inverse_se3(T_WORLD_CAM) @ domain.draw(s, T_WORLD_CAM).T_world_cam for s in range(300)
    ]
    moved = np.array([T[:3, 3] for T in errors])
    assert np.abs(moved).max() <= 0.02
    assert (np.abs(moved).max(axis=0) > 0.018).all()
    assert (np.abs(moved.mean(axis=0)) < 0.003).all()
    turned = np.array([rotation_angle(T[:3, :3], np.eye(3)) for T in errors])
    assert 0.012 < turned.max() <= 0.01 * 3**0.5 + 1e-9


def test_lights_stray_in_brightness_tint_and_direction_within_their_ranges():
    stray = LightRandomisation(gain=0.3, tint=0.1, direction_rad=0.4)
    base = np.array([LIGHTS.ambient_rgb, *LIGHTS.colours_rgb])
    for seed in range(200):
        lights = stray.draw(LIGHTS, np.random.default_rng(seed))
        ratio = np.array([lights.ambient_rgb, *lights.colours_rgb]) / np.maximum(base, 1e-9)
        lit = base > 0
        assert (ratio[lit] >= 0.7 * 0.9 - 1e-9).all()
        assert (ratio[lit] <= 1.3 * 1.1 + 1e-9).all()
        lengths = [np.linalg.norm(d) for d in lights.directions]
        np.testing.assert_allclose(lengths, [np.linalg.norm(d) for d in LIGHTS.directions])
    assert lights.has_shadows == LIGHTS.has_shadows
