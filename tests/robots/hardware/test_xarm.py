"""The xArm driver against xarm-python-sdk, where it is installed; no robot was ever there."""

import numpy as np
import pytest

from tests.robots.hardware.test_frames import target
from xsim_core.errors import BadInputError
from xsim_core.robots.hardware.frames import pose_of, rpy_to_matrix
from xsim_core.robots.hardware.xarm import ACCEPTED, MM, MOTION, STOPPED, XArmRobot, xarm_pose


@pytest.fixture
def sdk():
    return pytest.importorskip("xarm.wrapper").XArmAPI


@pytest.fixture
def robot(sdk):
    """The driver around the SDK's own object, which has no robot."""
    made = XArmRobot("10.0.0.2")
    made._arm = sdk("10.0.0.2", do_not_open=True, is_radian=True)
    return made


def test_a_pose_is_millimetres_and_radians_about_fixed_axes():
    pose = xarm_pose(target(-1.2))
    np.testing.assert_allclose(pose[:3], [400, -100, 200])
    np.testing.assert_allclose(rpy_to_matrix(*pose[3:]), pose_of(target(-1.2))[:3, :3], atol=1e-12)


def test_what_the_sdk_says_by_itself_is_understood(robot, sdk):
    # Its default pose points straight down; without is_radian the same is told in degrees.
    assert robot._arm.position[3] == pytest.approx(np.pi)
    assert sdk("10.0.0.2", do_not_open=True).position[3] == pytest.approx(180)
    robot._heard({"cartesian": robot._arm.position, "joints": robot._arm.angles})
    T = robot._state.T_world_tcp
    np.testing.assert_allclose(T[:3, 3] * MM, robot._arm.position[:3])
    np.testing.assert_allclose(T[:3, 2], [0, 0, -1], atol=1e-6)
    assert robot._state.qpos.shape == (robot._arm.axis,)
    assert np.isnan(robot._state.force_n).all()


def test_a_code_is_an_error_though_nothing_is_raised(robot):
    for call in (
        lambda: robot._servo(target()),
        robot._read_gripper,
        lambda: robot._move_gripper(0.04),
    ):
        with pytest.raises(BadInputError, match="answers code -1"):
            call()
    robot._brake()


def test_codes_and_states_are_the_packages(sdk):
    from xarm.x3.code import APIState

    assert ACCEPTED == (APIState.NORMAL, APIState.HAS_WARN)
    assert APIState.NOT_CONNECTED not in ACCEPTED
    said = sdk.set_state.__doc__
    assert f"{MOTION}: motion state" in said
    assert f"{STOPPED}: stop state" in said
    assert "1: servo motion mode" in sdk.set_mode.__doc__
    assert "x(mm), y(mm), z(mm), roll(rad" in sdk.set_servo_cartesian.__doc__
