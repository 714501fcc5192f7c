"""``xsim robot``: what it refuses before anything moves, each in a sentence."""

import io
import os
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

from flows.cli.policies.robot import RobotRun
from flows.cli.policies.serve_robot import RobotServe, started_robot
from tests.evaluate.fixtures import make_student
from tests.robots.cameras.software import Film, SoftwareRealSense
from tests.sim.fixtures import make_scene, make_sim
from xsim_core.errors import BadInputError, MissingArtifactError, MissingDependencyError
from xsim_core.geometry import PinholeCamera, look_at
from xsim_core.robots import RobotInfo, RobotLostError
from xsim_core.robots.cameras.realsense import RealSenseCamera
from xsim_core.robots.session import PolicyOnRobot
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import ArtifactStore

ZED = ["--camera", "zed", "--camera-pose", "pose.txt"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    store = ArtifactStore((folder / "store").as_uri())
    stages = {"build_sim": make_sim(store)}
    save_record(store, RunRecord(name="own", state="completed", stages=stages))
    return folder, store, make_student(store), make_scene(store)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--port", "70000"], "--port 70000 is no port"),
        (["serve", "--run", "own"], "has no simulated world to put a robot into"),
        (["serve", "--run", "other"], "unknown run 'other'"),
        (["run", "--policy", "ROOM", "--out", "OUT"], "is no image policy"),
        (
            ["run", "--policy", "STUDENT", "--out", "OUT", "--episodes", "0"],
            "--episodes is at least",
        ),
        (["run", "--policy", "STUDENT", "--out", "HOME"], "is not empty"),
        (["run", "--policy", "STUDENT", "--out", "OUT"], "is not in this store"),
        (["run", "--policy", "STUDENT", "--out", "OUT", "--driver", "kuka://a"], "names no robot"),
        (
            ["run", "--policy", "A", "--out", "OUT", "--driver", "ur://a", "--url", "ws://a:1"],
            "--url is of sim-mujoco",
        ),
        (["run", "--policy", "A", "--out", "OUT", "--driver", "ur://a"], "ur://a brings no camera"),
        (
            ["run", "--policy", "A", "--out", "OUT", "--camera", "realsense"],
            "sim-mujoco has a camera of its own",
        ),
        (
            ["run", "--policy", "A", "--out", "OUT", "--driver", "ur://a", *ZED],
            "'zed' names no camera",
        ),
        (["evaluate", "STUDENT", "STUDENT"], "say where with --out FOLDER"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(home, xsim, tmp_path, arguments, said):
    folder, _, student, room = home
    named = {"ROOM": str(room), "STUDENT": str(student)}
    named |= {"OUT": str(tmp_path / "out"), "HOME": str(folder)}
    left = xsim(folder, "robot", *(named.get(a, a) for a in arguments))
    assert left.returncode == 1
    assert said in left.stderr
    assert "Traceback" not in left.stderr


def test_loopback_is_the_default_and_a_key_is_always_asked_for():
    assert RobotServe().host == "127.0.0.1"
    assert RobotRun(policy="x", out="y").driver == "sim-mujoco"


class Told:
    """A driver of which only its name is asked."""

    name = "somebody's"


def test_the_page_says_its_address_and_ends_with_the_session(capsys):
    info = RobotInfo("panda", 7, 0.08, None, None)
    with RobotRun(policy="x", out="y")._page(Told(), info):
        assert capsys.readouterr().err == ""
    with RobotRun(policy="x", out="y", page=True)._page(Told(), info):
        word, url = capsys.readouterr().err.split()
        assert word == "page:"
        with urlopen(url, timeout=60) as page:
            assert "somebody" in page.read().decode()
    with pytest.raises(URLError):
        urlopen(url, timeout=60)


@pytest.fixture(scope="module")
def policy(home, tmp_path_factory):
    """A student that says which world it was trained in."""
    _, store, _, _ = home
    ref = make_student(store, seed=1, inputs={"sim": make_sim(store)})
    return PolicyOnRobot(store, ref, tmp_path_factory.mktemp("sim"))


def test_its_box_is_the_tasks_workspace_and_it_answers_with_chunks(policy):
    low, high = policy.world.array("workspace")
    limits = policy.limits({"speed_m_s": 0.1})
    assert (limits.box_low, limits.box_high) == (tuple(low), tuple(high))
    assert limits.speed_m_s == 0.1
    rgb, state = np.zeros((72, 96, 3), np.uint8), np.zeros(6, np.float32)
    first, again = (policy.thinker(3)(rgb, state) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (8, 3)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": "ur5e"}, "was trained for a panda; somebody's is a ur5e"),
        ({"camera": None}, "has no calibrated camera"),
        ({"T_world_cam": None}, "has no calibrated camera"),
        ({"T_world_cam": np.eye(4)}, "degrees from where the policy learned to look from"),
    ],
)
def test_a_robot_that_does_not_fit_is_refused(policy, fields, said):
    assets = policy.sim.assets
    camera = PinholeCamera(assets.image_hw[1], assets.image_hw[0], np.array(assets.K))
    fits = {"model": "panda", "num_joints": 7, "gripper_max_m": 0.08, "camera": camera}
    fits |= {"T_world_cam": np.array(assets.T_world_cam)}

    def setup(**other):
        info = RobotInfo(**fits | other)
        return policy.setup(Told(), info, None, policy.limits(), is_alive=lambda: True, waits=False)

    assert setup().header["task"] == "push_block"
    with pytest.raises(BadInputError, match=said):
        setup(**fields)


@pytest.fixture
def terminal(monkeypatch):
    """Standard input is a terminal, at which nobody presses anything."""
    hand, theirs = os.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield
    os.close(hand)


@pytest.fixture
def bought(tmp_path):
    """A robot of this scheme, with a camera whose place is known."""
    np.savetxt(tmp_path / "pose.txt", look_at(np.array([1.0, 0.3, 0.6]), np.array([0.45, 0, 0])))

    def run(scheme):
        return RobotRun(
            policy="x",
            out="y",
            driver=f"{scheme}://127.0.0.1",
            camera="realsense",
            camera_pose=str(tmp_path / "pose.txt"),
        )

    return run


@pytest.mark.parametrize("scheme", ["franka", "ur", "xarm"])
def test_beside_a_robot_that_can_be_bought_the_camera_is_reached_first(bought, terminal, scheme):
    command = bought(scheme)
    with pytest.raises(BadInputError, match="no RealSense is connected"), command.connected():
        pass


@pytest.mark.parametrize("scheme", ["franka", "ur", "xarm"])
def test_then_the_robot_is(bought, terminal, scheme, monkeypatch):
    soft = SoftwareRealSense()
    monkeypatch.setattr(
        "xsim_core.robots.cameras.open.open_camera", lambda _: RealSenseCamera(device=soft.device)
    )
    film = Film(
        lambda: soft.show(np.zeros((120, 160, 3), np.uint8), np.ones((120, 160), np.uint16))
    )
    said = "not installed here: pip install|127.0.0.1 does not answer"
    try:
        with (
            pytest.raises((MissingDependencyError, RobotLostError), match=said),
            bought(scheme).connected(),
        ):
            pass
    finally:
        film.stop()


def test_a_robot_that_can_be_bought_needs_a_person(bought, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(BadInputError, match="needs a terminal"), bought("franka").connected():
        pass


def test_a_policy_without_its_world_does_not_move_a_robot(home, tmp_path):
    _, store, student, _ = home
    with pytest.raises(MissingArtifactError, match="says what a full action moves"):
        PolicyOnRobot(store, student, tmp_path)


def test_a_robot_that_does_not_come_up_says_so(home, monkeypatch):
    monkeypatch.setenv("XSIM_HOME", str(home[0]))
    monkeypatch.setenv("XSIM_STORE", "")
    with pytest.raises(BadInputError, match="did not come up"), started_robot("own", "", 0):
        pass
