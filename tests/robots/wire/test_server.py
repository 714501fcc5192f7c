"""A robot on the wire: who may drive it, what it takes, and that a lost link moves nothing."""

import time

import numpy as np
import pytest

from tests.robots.scenes import KEY, TCP_START, scene, served
from tests.waiting import PATIENCE_S, until
from xsim_core.errors import BadInputError
from xsim_core.robots import RobotLostError, TcpTarget
from xsim_core.serving.wire import pack, unpack

pytest.importorskip("mujoco")
from xsim_core.robots.mujoco_robot.robot import Faults, MujocoRobot
from xsim_core.robots.wire.remote import RemotePerson, RemoteRobot, dial


@pytest.fixture(scope="module")
def robot(tmp_path_factory):
    robot = MujocoRobot(scene(), tmp_path_factory.mktemp("robot"), Faults(camera_hz=0))
    robot.start()
    with served(robot) as url:
        yield robot, url
    robot.close()


def robot_is_taken(url):
    if (connection := dialled(url)) is None:
        return True
    connection.close()
    return False


@pytest.fixture
def remote(robot):
    robot, url = robot
    robot.reset(0)
    until(lambda: not robot_is_taken(url))
    remote = RemoteRobot(url, KEY)
    remote.connect()
    yield remote
    remote.close()


def dialled(url):
    """A connection, once whoever was there before is gone."""
    try:
        return dial(f"{url}/robot", KEY)
    except BadInputError:
        return None


def drive(remote, seconds, speed_m_s=0.1):
    """Forth along y, a hundred targets a second."""
    at = remote.observe().state.T_world_tcp[:3, 3].copy()
    for _ in range(round(seconds * 100)):
        at[1] -= speed_m_s / 100
        remote.command(TcpTarget(at.copy(), 0.0, 0.0))
        time.sleep(0.01)
    return at


def test_it_says_what_it_is_and_when_its_state_was_so(robot, remote):
    robot, url = robot
    other = None
    with pytest.raises(BadInputError, match="somebody drives it already"):
        other = dial(f"{url}/robot", KEY)
    assert other is None
    asked_s = time.monotonic()
    newer = until(lambda: (seen := remote.observe().state).time_s > asked_s and seen)
    assert newer.time_s <= time.monotonic() + remote.round_trip_s
    state = remote.observe().state
    np.testing.assert_allclose(state.T_world_tcp[:3, 3], TCP_START, atol=3e-3)
    assert (len(state.qpos), remote.observe().frame) == (7, None)


@pytest.mark.parametrize(
    ("path", "key", "says"),
    [("/robot", "other", "key is another"), ("/nowhere", KEY, "404")],
)
def test_who_may_not_come_in_is_told_so(robot, path, key, says):
    with pytest.raises(BadInputError, match=says):
        dial(f"{robot[1]}{path}", key)


def test_nobody_there_is_one_sentence():
    with pytest.raises(BadInputError, match="is no robot that answers"):
        RemoteRobot("ws://127.0.0.1:9", KEY).connect()


def test_it_goes_where_it_is_driven_and_stays_there(remote):
    goal = drive(remote, 0.4)
    assert until(lambda: abs(remote.observe().state.T_world_tcp[1, 3] - goal[1]) < 2e-3)


def test_a_jump_and_what_is_no_number_move_nothing(robot, remote):
    before, refused = remote.observe().state.T_world_tcp, robot[0].num_refused
    remote.command(TcpTarget(before[:3, 3] + [0.1, 0, 0], 0.0, 0.0))
    remote.command(TcpTarget(np.array([np.nan, 0, 0]), 0.0, 0.0))
    assert until(lambda: robot[0].num_refused == refused + 2)
    time.sleep(0.1)
    np.testing.assert_allclose(remote.observe().state.T_world_tcp, before, atol=3e-3)


def test_a_link_that_is_gone_in_full_motion_leaves_the_robot_at_rest(robot):
    robot, url = robot
    robot.reset(0)
    remote = RemoteRobot(url, KEY)
    remote.connect()
    drive(remote, 0.3)
    assert until(lambda: robot._target)
    remote._connection.socket.close()
    with pytest.raises(RobotLostError):
        until(lambda: remote.observe() is None)
    # What had not taken effect is dropped with the link.
    assert until(lambda: not robot._waiting)
    held = robot._target.position

    def is_there():
        at = robot.state()["T_world_tcp"][:3, 3]
        return np.linalg.norm(at - held) < 3e-3

    assert until(is_there)
    time.sleep(0.1)
    assert is_there()
    np.testing.assert_array_equal(robot._target.position, held)
    remote.close()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "fly"},
        {"type": "command", "target": np.zeros(4)},
        {"type": "command", "target": "up"},
        {"type": "ping"},
    ],
)
def test_what_is_no_message_ends_the_connection_with_a_sentence(robot, message):
    connection = until(lambda: dialled(robot[1]))
    connection.send(pack(message))
    text = next(data for data in iter(connection.recv, None) if isinstance(data, str))
    assert text.endswith(".")
    connection.close()


def test_the_person_puts_it_back_and_judges(robot, remote):
    drive(remote, 0.3)
    person = RemotePerson(robot[1], KEY)
    person.reset(0)
    assert until(lambda: abs(remote.observe().state.T_world_tcp[1, 3] - TCP_START[1]) < 3e-3)
    assert person.is_done() is False
    person._connection.send(pack({"type": "reset", "seed": -1}))
    assert "whole number" in str(person._connection.recv(PATIENCE_S))
    person.close()


@pytest.mark.parametrize("seed", [0.5, float("nan"), float("inf")])
def test_a_seed_that_is_no_whole_number_is_refused_in_a_sentence(robot, seed):
    person = RemotePerson(robot[1], KEY)
    person._connection.send(pack({"type": "reset", "seed": seed}))
    assert "whole number" in str(person._connection.recv(PATIENCE_S))
    person.close()


def test_a_hello_of_another_protocol_is_refused(robot):
    from xsim_core.robots.wire.messages import info_of

    connection = until(lambda: dialled(robot[1]))
    told = unpack(connection.recv(PATIENCE_S))
    connection.close()
    assert info_of(told).model == "panda"
    for wrong in ({"protocol": 2}, {"type": "state"}):
        with pytest.raises(BadInputError, match="speaks protocol"):
            info_of(told | wrong)
    with pytest.raises(BadInputError, match="T_world_cam"):
        info_of(told | {"T_world_cam": np.zeros(3)})
    for odd in (
        {"K": np.full((3, 3), np.nan)},
        {"image_hw": np.array([np.inf, 4])},
        {"K": -told["K"]},
    ):
        with pytest.raises(BadInputError, match="describes no camera"):
            info_of(told | odd)
