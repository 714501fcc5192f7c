"""The Franka driver against franky-control, where it is installed; no robot was ever there."""

import inspect

import numpy as np
import pytest

from tests.robots.hardware.test_frames import target
from xsim_core.robots.hardware.frames import pose_of
from xsim_core.robots.hardware.franka import GRASP_N, HAND_M, HAND_M_S, STIFFNESS_N_M


@pytest.fixture
def franky():
    return pytest.importorskip("franky")


def test_a_pose_is_what_was_meant(franky):
    T = pose_of(target(2.0))
    affine = franky.Affine(T)
    np.testing.assert_allclose(affine.matrix, T, atol=1e-12)
    x, y, z, w = affine.quaternion
    assert (abs(z), abs(w)) == pytest.approx((0, 0), abs=1e-12)
    assert np.hypot(x, y) == pytest.approx(1)


def test_the_tracker_takes_what_it_is_given(franky):
    tracker = franky.CartesianImpedanceTracker
    parameters = inspect.signature(tracker.__init__).parameters
    assert {"robot", "translational_stiffness", "rotational_stiffness"} <= set(parameters)
    inspect.signature(tracker.set_target).bind(None, franky.Affine())
    inspect.signature(tracker.stop).bind(None)
    motion = franky.CartesianImpedanceTrackingMotion(translational_stiffness=STIFFNESS_N_M)
    reference = franky.CartesianReference(target=franky.Affine(pose_of(target())))
    motion.set_reference(reference)
    np.testing.assert_allclose(motion.get_gains().stiffness[:3, :3], STIFFNESS_N_M * np.eye(3))


def test_at_full_speed_it_stays_within_what_safety_allows(franky):
    gains = franky.CartesianImpedanceTrackingMotion(translational_stiffness=STIFFNESS_N_M)
    # Nothing is set: damping is critical for a unit mass, as the tracker's docstring says.
    assert gains.get_gains().damping is None
    assert "2 * sqrt(stiffness)" in franky.CartesianImpedanceTracker.__doc__
    assert 0.3 * 2 / np.sqrt(STIFFNESS_N_M) == pytest.approx(0.021, abs=1e-3)


def test_every_field_of_the_state_and_call_of_the_hand_is_there(franky):
    for name in ("time", "q", "dq", "O_T_EE", "O_F_ext_hat_K"):
        assert isinstance(getattr(franky.RobotState, name), property)
    assert franky.Duration(1500).to_sec() == 1.5
    said = franky.RobotState.O_F_ext_hat_K.__doc__
    assert "applied by the robot to the environment are" in " ".join(said.split())
    assert isinstance(franky.Gripper.width, property)
    doc = franky.Gripper.grasp.__doc__
    assert all(f"{name}:" in doc for name in ("width", "speed", "force", "epsilon_outer"))
    assert "[m]" in doc
    assert 0 < HAND_M_S <= 0.1
    assert 0 < GRASP_N <= 70
    assert HAND_M == 0.08


def test_all_that_it_raises_is_caught(franky):
    for name in ("CommandException", "ControlException", "NetworkException"):
        assert issubclass(getattr(franky, name), franky.Exception)
