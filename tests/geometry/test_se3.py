"""Group properties of xsim_core/geometry/se3.py."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.linalg import expm

from xsim_core.geometry import (
    inverse_se3,
    make_se3,
    matrix_to_quat_wxyz,
    quat_wxyz_to_matrix,
    rotation_angle,
    se3_exp,
    se3_from_pos_quat,
    se3_log,
    se3_to_pos_quat,
    so3_exp,
    so3_log,
    transform_points,
)

settings.register_profile("quick", deadline=None, max_examples=60)
settings.load_profile("quick")

unit = st.floats(-1.0, 1.0).filter(lambda x: x == 0.0 or abs(x) > 1e-12)


@st.composite
def rotation_vectors(draw):
    """Everywhere, near the identity and near pi: where the formulas switch branches."""
    axis = np.array([draw(unit), draw(unit), draw(unit)])
    norm = np.linalg.norm(axis)
    axis = axis / norm if norm > 1e-3 else np.array([0.0, 0.0, 1.0])
    near_zero = st.floats(0.0, 1e-5)
    near_pi = st.floats(np.pi - 1e-4, np.pi - 1e-7)
    return axis * draw(st.one_of(st.floats(0.0, 3.1), near_zero, near_pi))


@st.composite
def tangents(draw):
    v = np.array([draw(unit), draw(unit), draw(unit)])
    return np.concatenate([v, draw(rotation_vectors())])


@given(tangents())
def test_exp_is_the_matrix_exponential(xi):
    hat = np.zeros((4, 4))
    x, y, z = xi[3:]
    hat[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    hat[:3, 3] = xi[:3]
    np.testing.assert_allclose(se3_exp(xi), expm(hat), atol=1e-9)


@given(tangents())
def test_log_undoes_exp(xi):
    np.testing.assert_allclose(se3_exp(se3_log(se3_exp(xi))), se3_exp(xi), atol=1e-7)


@given(rotation_vectors())
def test_so3_round_trip(omega):
    np.testing.assert_allclose(so3_exp(so3_log(so3_exp(omega))), so3_exp(omega), atol=1e-9)


@given(tangents(), tangents())
def test_inverse_of_a_product_is_the_reversed_product(a, b):
    T_a, T_b = se3_exp(a), se3_exp(b)
    left, right = inverse_se3(T_a @ T_b), inverse_se3(T_b) @ inverse_se3(T_a)
    np.testing.assert_allclose(left, right, atol=1e-9)
    np.testing.assert_allclose(T_a @ inverse_se3(T_a), np.eye(4), atol=1e-12)


@given(rotation_vectors())
def test_quaternions_are_wxyz_and_canonical(omega):
    quat_wxyz = matrix_to_quat_wxyz(so3_exp(omega))
    assert quat_wxyz[0] >= 0
    assert abs(quat_wxyz[0] - np.cos(np.linalg.norm(omega) / 2)) < 1e-9
    # q and -q are one rotation: X-Sim's release measured 2 pi between them.
    R_a, R_b = quat_wxyz_to_matrix(quat_wxyz), quat_wxyz_to_matrix(-quat_wxyz)
    assert rotation_angle(R_a, R_b) < 1e-6


def test_batches_keep_their_leading_axes():
    rng = np.random.default_rng(0)
    xi = rng.normal(size=(2, 5, 6))
    T = se3_exp(xi)
    assert T.shape == (2, 5, 4, 4)
    assert se3_log(T).shape == (2, 5, 6)
    position, quat_wxyz = se3_to_pos_quat(T)
    np.testing.assert_allclose(se3_from_pos_quat(position, quat_wxyz), T, atol=1e-12)
    points = rng.normal(size=(2, 5, 7, 3))
    expected = np.einsum("abij,abnj->abni", T[..., :3, :3], points) + T[..., None, :3, 3]
    np.testing.assert_allclose(transform_points(T, points), expected, atol=1e-12)


def test_a_zero_quaternion_is_refused():
    with pytest.raises(ValueError, match="zero norm"):
        quat_wxyz_to_matrix([0, 0, 0, 0])


def test_make_se3_broadcasts():
    T = make_se3(np.eye(3), np.zeros((4, 3)))
    assert T.shape == (4, 4, 4)
