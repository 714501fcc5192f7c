"""xsim_core/robots/hardware/frames.py: poses as robots take them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from xsim_core.geometry import so3_exp
from xsim_core.robots import TcpTarget
from xsim_core.robots.hardware.frames import matrix_to_rpy, pose_of, rpy_to_matrix
from xsim_core.robots.mujoco_robot.arm import _down

angles = st.floats(-np.pi, np.pi)


def target(yaw=0.3):
    return TcpTarget(np.array([0.4, -0.1, 0.2]), yaw, 0.05)


@given(angles)
def test_the_hand_points_down_as_that_of_the_robot_in_mujoco(yaw):
    T = pose_of(target(yaw))
    np.testing.assert_allclose(T[:3, :3], _down(yaw), atol=1e-15)
    np.testing.assert_allclose(T[:3, :3] @ [0, 0, 1], [0, 0, -1])
    assert T[:3, 3].tolist() == [0.4, -0.1, 0.2]


@given(angles, angles, angles)
def test_fixed_axes_one_after_the_other(roll, pitch, yaw):
    x, y, z = (so3_exp(v) for v in np.diag([roll, pitch, yaw]))
    np.testing.assert_allclose(rpy_to_matrix(roll, pitch, yaw), z @ y @ x, atol=1e-12)


@given(angles, st.one_of(angles, st.sampled_from([np.pi / 2, -np.pi / 2])), angles)
def test_the_way_back_is_the_same_rotation(roll, pitch, yaw):
    R = rpy_to_matrix(roll, pitch, yaw)
    np.testing.assert_allclose(rpy_to_matrix(*matrix_to_rpy(R)), R, atol=1e-7)


def test_down_is_half_a_turn_of_roll():
    assert np.abs(matrix_to_rpy(pose_of(target(0.3))[:3, :3])) == pytest.approx([np.pi, 0, 0.3])
