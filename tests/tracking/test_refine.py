"""xsim_core/tracking/refine.py: one damped step, and steps that lead to the pose."""

import numpy as np
import pytest

from tests.tracking.scenes import T_WORLD_CAM, Scene, l_block, make_camera
from xsim_core.geometry import inverse_se3, make_se3, rotation_angle, so3_exp
from xsim_core.tracking import RayCaster, TrackerConfig
from xsim_core.tracking.appearance import Appearance, ColourModel, Lighting
from xsim_core.tracking.frame import Level
from xsim_core.tracking.refine import ObjectModel, _solve, apply_motion, refine
from xsim_core.tracking.terms import NONE, Equations

CAMERA, MESH, RADIUS_M = make_camera(), l_block(), 0.06
T_WORLD_OBJECT = make_se3(so3_exp([0, 0, -0.3]), [0.5, 0, 0])
T_TRUE = inverse_se3(T_WORLD_CAM) @ T_WORLD_OBJECT


def equations(J, r, weight=1e9):
    return Equations(np.asarray(J, float), np.asarray(r, float), np.full(len(r), weight))


def test_a_step_solves_strong_equations():
    rng = np.random.default_rng(0)
    J, xi = rng.standard_normal((40, 6)), np.array([0.003, -0.002, 0.001, 0.02, 0.03, -0.01])
    parts = [equations(J[:20], J[:20] @ xi), NONE, equations(J[20:], J[20:] @ xi)]
    np.testing.assert_allclose(_solve(parts, RADIUS_M), xi, rtol=1e-4)


def test_directions_without_evidence_stay():
    np.testing.assert_array_equal(_solve([NONE], RADIUS_M), np.zeros(6))
    along_x = equations([[1, 0, 0, 0, 0, 0]], [0.01])
    np.testing.assert_allclose(_solve([along_x], RADIUS_M), [0.01, 0, 0, 0, 0, 0], rtol=1e-3)


def test_one_measurement_of_5_mm_is_believed_by_half():
    along_x = equations([[1, 0, 0, 0, 0, 0]], [0.01], weight=1 / 0.005**2)
    assert _solve([along_x], RADIUS_M)[0] == pytest.approx(0.005)


@pytest.mark.parametrize("axis", range(6))
def test_no_step_moves_a_point_of_the_object_by_more_than_5_cm(axis):
    J = np.eye(6)[axis][None]
    xi = _solve([equations(J, [10.0])], RADIUS_M)
    reach = np.linalg.norm(xi[:3]) + RADIUS_M * np.linalg.norm(xi[3:])
    assert reach == pytest.approx(0.05)
    assert xi[axis] == pytest.approx(np.abs(xi).max())


def test_the_centre_is_shifted_and_what_turns_turns_about_it():
    centre, xi = np.array([0.1, 0.2, 0.9]), np.array([0.01, 0.02, 0.03, 0, 0, np.pi / 2])
    T = make_se3(np.eye(3), centre + np.array([0.05, 0, 0]))
    expected = centre + np.array([0.01, 0.07, 0.03])
    np.testing.assert_allclose(apply_motion(T, xi, centre)[:3, 3], expected)


@pytest.fixture(scope="module")
def frame():
    return Scene(CAMERA, MESH).render(T_WORLD_OBJECT)


@pytest.mark.parametrize(
    "terms", [{}, {"use_region": False}, {"use_texture": False}], ids=["all", "texture", "region"]
)
def test_from_a_pose_nearby_to_the_pose(frame, terms):
    level, config = Level(*frame, CAMERA), TrackerConfig(**terms)
    model = ObjectModel(RayCaster(MESH), Appearance(MESH), ColourModel(), Lighting.neutral())
    there = model.caster.render(T_TRUE, CAMERA, margin_px=10)
    model.colours.learn(there, level, np.ones(len(there.pixels), bool), rate=1.0)
    centre = T_TRUE[:3, :3] @ MESH.centre + T_TRUE[:3, 3]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        xi = np.concatenate([rng.uniform(-0.012, 0.012, 3), rng.uniform(-0.12, 0.12, 3)])
        start = apply_motion(T_TRUE, xi, centre)
        T = refine(start, level, model, config=config, rounds=config.rounds * 2)
        moved = T[:3, :3] @ MESH.centre + T[:3, 3] - centre
        assert np.linalg.norm(moved) < 0.003, seed
        assert rotation_angle(T[:3, :3], T_TRUE[:3, :3]) < 0.05, seed


def test_an_object_out_of_view_stays_where_it_was_thought(frame):
    model = ObjectModel(RayCaster(MESH), Appearance(MESH), ColourModel(), Lighting.neutral())
    T = make_se3(np.eye(3), [5.0, 0, 1.0])
    config = TrackerConfig()
    found = refine(T, Level(*frame, CAMERA), model, config=config, rounds=config.rounds)
    np.testing.assert_array_equal(found, T)
