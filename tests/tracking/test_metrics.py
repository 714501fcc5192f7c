import numpy as np
import pytest
from hypothesis import given, strategies as st

from xsim_core.geometry import PinholeCamera, make_se3, se3_exp, so3_exp
from xsim_core.geometry.symmetry_spec import ObjectSymmetry, SymmetryAxis
from xsim_core.tracking import add_m, adds_m, auc
from xsim_core.tracking.metrics import mspd_px, mssd_m

coordinate = st.floats(-1, 1)
tangent = st.tuples(*[coordinate] * 6)
POINTS = np.random.default_rng(0).uniform(-0.05, 0.05, (60, 3))


@given(tangent, st.tuples(*[coordinate] * 3))
def test_add_of_a_pure_shift_is_its_length(xi, shift):
    T = se3_exp(xi)
    moved = T.copy()
    moved[:3, 3] += shift
    error = add_m(moved[None], T[None], POINTS)[0]
    assert error == pytest.approx(np.linalg.norm(shift), abs=1e-9)


@given(tangent, tangent)
def test_adds_never_exceeds_add_and_add_is_symmetric(a, b):
    T_a, T_b = se3_exp(a)[None], se3_exp(b)[None]
    assert adds_m(T_a, T_b, POINTS)[0] <= add_m(T_a, T_b, POINTS)[0] + 1e-12
    assert add_m(T_a, T_b, POINTS)[0] == pytest.approx(add_m(T_b, T_a, POINTS)[0])


def test_adds_forgives_a_symmetric_half_turn():
    square = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]) * 0.05
    T = make_se3(so3_exp([0, 0, np.pi]), [0, 0, 0.5])[None]
    upright = make_se3(np.eye(3), [0, 0, 0.5])[None]
    assert add_m(T, upright, square)[0] == pytest.approx(0.1)
    assert adds_m(T, upright, square)[0] == pytest.approx(0, abs=1e-9)


def test_adds_asks_of_each_true_point_how_near_the_estimate_comes():
    points = np.array([[0.0, 0, 0], [1, 0, 0], [5, 0, 0]])
    shifted = make_se3(np.eye(3), [4, 0, 0])[None]
    # True 0, 1, 5 to estimated 4, 5, 9: 4, 3 and 0. The other way it would be 1, 0 and 4.
    assert adds_m(shifted, np.eye(4)[None], points)[0] == pytest.approx(7 / 3)


def test_auc_ends_and_middle():
    assert auc(np.zeros(4)) == 100
    assert auc(np.full(4, 0.2)) == 0
    assert auc(np.array([0.05])) == pytest.approx(50)
    assert auc(np.array([0.0, np.nan])) == pytest.approx(50)
    assert auc(np.array([])) == 0


def test_mssd_is_the_farthest_point_under_the_best_symmetry():
    square = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0.0]])
    half = make_se3(so3_exp([0, 0, np.pi]), np.zeros(3))
    moved = make_se3(np.eye(3), [0, 0, 0.25]) @ half
    box = ObjectSymmetry(discrete=(tuple(map(tuple, half.tolist())),))
    true = np.eye(4)[None]
    # Corners change places with the opposite ones, and lie 0.25 higher.
    expected = np.hypot(2 * np.sqrt(2), 0.25)
    np.testing.assert_allclose(mssd_m(moved[None], true, square), expected)
    np.testing.assert_allclose(mssd_m(moved[None], true, square, box), 0.25)
    disc = ObjectSymmetry(continuous=(SymmetryAxis(axis=(0, 0, 1)),))
    turned = make_se3(so3_exp([0, 0, 0.3]), [0.1, 0, 0])[None]
    # Within half a step of its turns, a degree.
    np.testing.assert_allclose(mssd_m(turned, true, square, disc), 0.1, atol=1.5 * np.deg2rad(1))


def test_mspd_is_the_farthest_projection_under_the_best_symmetry():
    camera = PinholeCamera(640, 480, np.array([[500.0, 0, 320], [0, 400, 240], [0, 0, 1]]))
    square = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0.0]])
    half = make_se3(so3_exp([0, 0, np.pi]), np.zeros(3))
    true = make_se3(np.eye(3), [0, 0, 4.0])[None]
    nearer = make_se3(np.eye(3), [0, 0, 2.0])[None]
    # A corner lies 125 and 100 pixels from the middle at 4 m, twice as far at 2 m.
    corner_px = np.hypot(125, 100)
    np.testing.assert_allclose(mspd_px(nearer, true, square, camera), corner_px)
    box = ObjectSymmetry(discrete=(tuple(map(tuple, half.tolist())),))
    np.testing.assert_allclose(mspd_px(true @ half, true, square, camera), 2 * corner_px)
    np.testing.assert_allclose(mspd_px(true @ half, true, square, camera, box), 0, atol=1e-9)
    # Sideways, 0.1 m at 4 m.
    aside = make_se3(np.eye(3), [0.1, 0, 4.0])[None]
    np.testing.assert_allclose(mspd_px(aside, true, square, camera), 12.5)


def test_behind_the_camera_nothing_is_projected():
    camera = PinholeCamera(64, 48, np.array([[50.0, 0, 32], [0, 50, 24], [0, 0, 1]]))
    behind, true = (make_se3(np.eye(3), [0, 0, z])[None] for z in (-0.5, 0.5))
    assert mspd_px(behind, true, POINTS, camera)[0] == np.inf
