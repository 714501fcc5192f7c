"""The UR driver against the package ur-rtde, where it is installed; no robot was ever there."""

import re

import numpy as np
import pytest

from tests.robots.hardware.test_frames import target
from xsim_core.geometry import so3_exp
from xsim_core.robots.hardware.frames import pose_of
from xsim_core.robots.hardware.ur import BRAKE_M_S2, GAIN, LOOKAHEAD_S, ur_pose


def test_a_pose_is_metres_and_a_rotation_vector():
    pose = np.array(ur_pose(target(2.9)))
    np.testing.assert_allclose(pose[:3], [0.4, -0.1, 0.2])
    np.testing.assert_allclose(so3_exp(pose[3:]), pose_of(target(2.9))[:3, :3], atol=1e-9)
    assert np.linalg.norm(pose[3:]) == pytest.approx(np.pi)


def test_every_call_is_one_of_the_package():
    control = pytest.importorskip("rtde_control").RTDEControlInterface
    receive = pytest.importorskip("rtde_receive").RTDEReceiveInterface
    for name in ("servoL", "servoStop", "stopScript", "disconnect"):
        assert callable(getattr(control, name))
    for name in [
        "isConnected",
        "isProtectiveStopped",
        "isEmergencyStopped",
        "getActualTCPPose",
        "getActualQ",
        "getActualQd",
        "getActualTCPForce",
        "getTimestamp",
        "disconnect",
    ]:
        assert callable(getattr(receive, name))


def test_what_servo_is_told_lies_in_the_ranges_that_the_package_names():
    control = pytest.importorskip("rtde_control").RTDEControlInterface
    said = control.servoL.__doc__
    assert "-> bool" in said
    order = re.findall(r"Parameter ``(\w+)``", said)
    assert order == ["pose", "speed", "acceleration", "time", "lookahead_time", "gain"]
    assert said.count("NOT used in current version") == 2
    assert "range [0.03,0.2]" in said
    assert 0.03 <= LOOKAHEAD_S <= 0.2
    assert "range [100,2000]" in said
    assert 100 <= GAIN <= 2000
    assert f"a: float = {BRAKE_M_S2}" in control.servoStop.__doc__
