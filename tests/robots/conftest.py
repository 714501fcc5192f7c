"""A setup of a policy that pushes, and the robot on the wire that it acts on."""

import pytest

from .scenes import KEY, on_the_wire, push_setup


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
    yield push_setup(driver, info, person)
    person.close()
    driver.close()
