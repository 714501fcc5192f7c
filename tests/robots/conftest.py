"""A setup of a policy that pushes, and the robot on the wire that it acts on."""

import numpy as np
import pytest

from xsim_core.geometry import PinholeCamera
from xsim_core.robots.rollout import Setup
from xsim_core.robots.sight import PolicySight
from xsim_core.sim.task import TaskSpec

from .scenes import KEY, LIMITS, WORKSPACE, on_the_wire


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    pytest.importorskip("mujoco")
    with on_the_wire(tmp_path_factory.mktemp("robot")) as url:
        yield url


@pytest.fixture
def setup(wire):
    from xsim_core.robots.wire.remote import RemotePerson, RemoteRobot

    driver = RemoteRobot(wire, KEY)
    info = driver.connect()
    person = RemotePerson(wire, KEY)
    view = PinholeCamera(96, 72, np.array([[90.0, 0, 47.5], [0, 90, 35.5], [0, 0, 1]]))
    yield Setup(
        driver=driver,
        info=info,
        person=person,
        # By the wall clock: a machine that does other things, too, needs longer than the push.
        task=TaskSpec(name="push", horizon=200, action_position_m=0.015),
        sight=PolicySight(info.camera, view),
        limits=LIMITS,
        workspace=WORKSPACE,
        num_action_steps=4,
        header={"policy": "a push"},
    )
    person.close()
    driver.close()
