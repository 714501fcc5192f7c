"""xsim_core/robots/hardware/open.py and packages.py: which robot, and what it needs."""

import gc
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from xsim_core.errors import BadInputError, MissingDependencyError
from xsim_core.robots import RobotLostError
from xsim_core.robots.hardware.open import SCHEMES, open_driver
from xsim_core.robots.hardware.packages import EXTRAS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "url",
    ["", "ur", "ur://", "kuka://10.0.0.2", "ur://10.0.0.2/arm", "ur://me@10.0.0.2", "ur://h:30004"],
)
def test_what_names_no_robot_is_refused(url):
    with pytest.raises(BadInputError, match="names no robot: sim-mujoco, or franka://HOST"):
        open_driver(url)


# The xArm SDK leaves the socket open that did not connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_robot_that_is_not_there_is_one_sentence(scheme):
    robot = open_driver(f"{scheme}://127.0.0.1")
    with pytest.raises((MissingDependencyError, RobotLostError)) as error:
        robot.connect()
    module = {"franka": "franky", "ur": "rtde_control", "xarm": "xarm"}[scheme]
    if find_spec(module) is None:
        assert f"pip install 'xsim[{scheme}]'" in str(error.value)
    else:
        assert "127.0.0.1 does not answer" in str(error.value)
    with pytest.raises(RobotLostError, match="is not connected"):
        robot.observe()
    robot.stop()
    robot.stop()
    robot.close()
    del error
    gc.collect()


def test_each_package_is_an_extra_of_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for distribution, extra in EXTRAS.values():
        assert [n.partition(">=")[0] for n in project["optional-dependencies"][extra]] == [
            distribution
        ]
