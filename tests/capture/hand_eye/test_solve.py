import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xsim_core.capture.hand_eye.closed_form import half_turns, park_martin
from xsim_core.capture.hand_eye.solve import solve_hand_eye
from xsim_core.errors import QualityGateError
from xsim_core.geometry import inverse_se3, make_se3, rotation_angle, so3_exp

T_HALF = make_se3(np.diag([-1.0, -1.0, 1.0]), [0.4, 0.3, 0.0])


def scene(rng, n, *, noise=0.0, is_fixed=False):
    """The camera's true place, robot poses and board poses (n, 4, 4), with the arm's errors."""
    X = make_se3(so3_exp(rng.normal(0, 1, 3)), rng.uniform(-0.5, 0.5, 3))
    Z = make_se3(so3_exp(rng.normal(0, 0.3, 3)), rng.uniform(-0.3, 0.3, 3))
    cameras = make_se3(
        so3_exp(np.array([np.pi, 0, 0]) + rng.normal(0, 0.35, (n, 3))),
        np.array([0, 0, 0.8]) + rng.uniform(-0.25, 0.25, (n, 3)),
    )
    C = inverse_se3(cameras)
    H = Z @ cameras @ inverse_se3(X)
    errors = make_se3(
        so3_exp(noise * np.deg2rad(0.15) * rng.normal(size=(n, 3))),
        noise * 0.001 * rng.normal(size=(n, 3)),
    )
    H = H @ errors
    return X, inverse_se3(H) if is_fixed else H, C


def off(found, truth):
    """Millimetres and degrees."""
    return (
        1000 * np.linalg.norm(found[:3, 3] - truth[:3, 3]),
        np.rad2deg(rotation_angle(found[:3, :3], truth[:3, :3])),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 15))
def test_the_closed_form_is_exact_without_noise(seed, n):
    X, H, C = scene(np.random.default_rng(seed), n)
    error_mm, error_deg = off(park_martin(H, C), X)
    assert error_mm < 1e-3
    assert error_deg < 1e-4


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_bad_poses_and_half_turns_are_borne(seed, is_fixed):
    """15 pictures: two with the pose of another moment, any of them half a turn round."""
    rng = np.random.default_rng(seed)
    X, H, C = scene(rng, 15, noise=1.0, is_fixed=is_fixed)
    bad = rng.choice(15, 2, replace=False)
    H[bad] = H[bad] @ make_se3(so3_exp(rng.normal(0, 0.3, (2, 3))), rng.normal(0, 0.1, (2, 3)))
    turned = rng.random(15) < 0.5
    C = np.where(turned[:, None, None], C @ T_HALF, C)
    made = solve_hand_eye(H, C, is_fixed=is_fixed, T_half=T_HALF)
    error_mm, error_deg = off(made.T_hand_cam, X)
    assert error_mm < 6
    assert error_deg < 0.5
    assert not made.is_used[bad].any()
    assert made.is_used.sum() >= 11
    good = made.is_used
    assert len(set((made.is_turned ^ turned)[good])) == 1
    assert made.rms_mm < 6


def test_half_turns_by_votes_alone():
    rng = np.random.default_rng(3)
    _, H, C = scene(rng, 12)
    turned = np.arange(12) % 3 == 0
    found = half_turns(H, np.where(turned[:, None, None], C @ T_HALF, C), T_HALF)
    assert (found == turned).all()


def test_what_determines_no_camera_is_refused():
    rng = np.random.default_rng(0)
    _, H, C = scene(rng, 8)
    with pytest.raises(QualityGateError, match="3 pictures have both"):
        solve_hand_eye(H[:3], C[:3])
    one_axis = make_se3(so3_exp(np.linspace(0, 1, 8)[:, None] * [0, 0, 1.0]), H[:, :3, 3])
    with pytest.raises(QualityGateError, match="about a second axis"):
        solve_hand_eye(one_axis, C)
    with pytest.raises(QualityGateError, match=r"poses agree|do not fit"):
        solve_hand_eye(H[rng.permutation(8)], C)
