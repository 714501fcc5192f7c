import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from xsim_core.errors import BadInputError
from xsim_core.geometry import make_se3, rotation_angle, se3_exp, so3_exp
from xsim_core.tracking import (
    INTERPOLATED,
    LOST,
    OK,
    SmoothingConfig,
    fill_gaps,
    smooth_poses,
)

TIME = np.arange(40) / 20.0


def _steady(velocity, omega, start):
    R = se3_exp(start)[:3, :3] @ so3_exp(TIME[:, None] * np.asarray(omega))
    return make_se3(R, se3_exp(start)[:3, 3] + TIME[:, None] * np.asarray(velocity))


three = st.tuples(*[st.floats(-0.5, 0.5)] * 3)


@settings(max_examples=20, deadline=None)
@given(three, three, st.tuples(*[st.floats(-2, 2)] * 6))
def test_steady_motion_passes_unchanged(velocity, omega, start):
    T = _steady(velocity, omega, start)
    smooth = smooth_poses(T, np.ones(40), TIME, config=SmoothingConfig())
    assert np.abs(smooth - T).max() < 1e-5


def test_noise_shrinks_and_an_outlier_does_not_pull():
    rng = np.random.default_rng(0)
    true = _steady([0.1, 0, 0], [0, 0, 0.5], np.zeros(6))
    noisy = true @ se3_exp(rng.normal(0, [0.002] * 3 + [0.02] * 3, (40, 6)))
    noisy[20, :3, 3] += 0.2
    smooth = smooth_poses(noisy, np.ones(40), TIME, config=SmoothingConfig())
    inner = slice(4, 36)
    error = np.linalg.norm((smooth - true)[inner, :3, 3], axis=-1)
    assert error.mean() < 0.6 * np.linalg.norm((noisy - true)[4:20, :3, 3], axis=-1).mean()
    assert error.max() < 0.006
    turned = rotation_angle(smooth[inner, :3, :3], true[inner, :3, :3])
    assert turned.mean() < 0.025


def test_gaps_are_filled_on_the_geodesic_and_flagged():
    true = _steady([0.1, 0, 0], [0, 0.4, 0], np.zeros(6))
    status = np.zeros(40, np.int8)
    status[[0, 1]] = LOST
    status[10:16] = LOST
    broken = true.copy()
    broken[status == LOST] = np.eye(4)
    filled, new = fill_gaps(broken, status, TIME, max_gap_s=1.0)
    assert np.abs(filled[2:] - true[2:]).max() < 1e-9
    assert (new[10:16] == INTERPOLATED).all()
    assert (new[:2] == LOST).all()
    assert np.array_equal(filled[0], true[2])
    assert (new[16:] == OK).all()


def test_long_gaps_stay_lost_and_hopeless_tracks_raise():
    true = _steady([0.1, 0, 0], [0, 0, 0], np.zeros(6))
    status = np.zeros(40, np.int8)
    status[5:35] = LOST
    filled, new = fill_gaps(true, status, TIME, max_gap_s=1.0)
    assert (new[5:35] == LOST).all()
    assert np.isfinite(filled).all()
    with pytest.raises(BadInputError, match="lost in every frame"):
        fill_gaps(true, np.full(40, LOST, np.int8), TIME, max_gap_s=1.0)
