"""An arm and a camera as one robot: a policy acts through librealsense on a robot on the wire."""

import time
from dataclasses import replace

import numpy as np
import pytest

from tests.robots.scenes import KEY, LIMITS, TCP_START, push_setup, scene
from tests.robots.test_rollout import push
from tests.waiting import PATIENCE_S
from xsim_core.errors import BadInputError
from xsim_core.robots import RobotLostError
from xsim_core.robots.cameras import realsense
from xsim_core.robots.cameras.beside import ArmWithCamera
from xsim_core.robots.cameras.realsense import RealSenseCamera
from xsim_core.robots.driver import Observation, TcpTarget
from xsim_core.robots.homing import go_to
from xsim_core.robots.recording import read_rollout
from xsim_core.robots.rollout import run_rollout
from xsim_core.robots.wire.remote import RemotePerson, RemoteRobot

from .software import Film, SoftwareRealSense

pytest.importorskip("mujoco")


class Blind(RemoteRobot):
    """The robot on the wire as one that has no camera; what it would have seen goes elsewhere."""

    def connect(self):
        self.told = super().connect()
        return replace(self.told, camera=None, T_world_cam=None)

    def observe(self):
        return Observation(super().observe().state, None)


@pytest.fixture
def bridged(wire, monkeypatch):
    """The arm, librealsense's device that shows what its eye sees, and where that stands."""
    monkeypatch.setattr(realsense, "SILENCE_S", PATIENCE_S)
    arm, soft = Blind(wire, KEY), SoftwareRealSense()
    dark, shown = (np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.uint16)), []

    def show():
        frame = arm._frame
        if frame is None:  # The camera is connected first.
            soft.show(*dark)
        elif not shown or frame is not shown[-1]:
            shown[:] = [frame]
            soft.show(frame.rgb, frame.depth_mm, time_s=frame.time_s)

    film = Film(show, period_s=0.005)
    yield arm, RealSenseCamera(device=soft.device), scene().eye.T_world_cam_told
    film.stop()


def test_a_policy_acts_through_a_realsense_beside_the_arm(wire, bridged, tmp_path):
    """All but the sensor is real: what MuJoCo renders goes through librealsense to the policy."""
    robot = ArmWithCamera(*bridged)
    info = robot.connect()
    assert (info.model, info.camera.width) == ("panda", 160)
    assert "the picture that came fastest" in info.picture_times
    person = RemotePerson(wire, KEY)
    setup = push_setup(robot, info, person)
    try:
        result = run_rollout(setup, push, seed=0, path=tmp_path / "a.rollout")
        # Back to the start by itself, as beside a robot that nobody lifts there.
        start = TcpTarget(TCP_START, 0.0, 0.0)
        go_to(robot, LIMITS, start, is_alive=lambda: True)
        at = robot.observe().state.T_world_tcp[:3, 3]
    finally:
        person.close()
        robot.close()
    assert result.outcome == "success"
    assert np.linalg.norm(at - TCP_START) < 0.015
    rollout = read_rollout(tmp_path / "a.rollout")
    # The first picture is dark, and on a busy machine some steps still hold it.
    assert rollout.rgb(len(rollout.steps) - 1).any()
    assert rollout.depth_mm(len(rollout.steps) - 1).any()
    assert all(step["frame_age_s"] >= 0 for step in rollout.steps)


def test_a_camera_that_goes_silent_in_full_motion_ends_the_rollout_as_lost(
    wire, bridged, monkeypatch
):
    arm, camera, T = bridged
    robot = ArmWithCamera(arm, camera, T)
    robot.connect()
    try:
        assert robot.observe().frame is not None
        camera._ended.set()
        monkeypatch.setattr(realsense, "SILENCE_S", 0.2)
        time.sleep(0.4)
        with pytest.raises(RobotLostError, match="RealSense sent no picture"):
            robot.observe()
    finally:
        robot.close()


def test_an_arm_with_eyes_of_its_own_gets_no_others(wire, bridged):
    _, camera, T = bridged
    robot = ArmWithCamera(RemoteRobot(wire, KEY), camera, T)
    with pytest.raises(BadInputError, match="has a camera of its own"):
        robot.connect()


def test_without_the_camera_the_arm_is_not_touched():
    class Untouched:
        name = "an arm"
        touched = False

        def connect(self):
            self.touched = True

        def close(self):
            """Nothing was opened."""

    arm = Untouched()
    with pytest.raises(BadInputError, match="no RealSense is connected"):
        ArmWithCamera(arm, RealSenseCamera(), np.eye(4)).connect()
    assert not arm.touched
