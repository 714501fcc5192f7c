"""What commands share that let policies act on a robot: which one, how safely, what starts."""

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

from tyro.conf import arg

from flows.cli.arguments import NO_TEXTS, File, Limits

from .policy import key_in
from .recordings import require_packages

if TYPE_CHECKING:
    from xsim_core.robots import RobotDriver, RobotInfo, SafetyLimits
    from xsim_core.robots.remote import RemotePerson
    from xsim_core.robots.rollout import Setup
    from xsim_core.robots.session import PolicyOnRobot

SIMULATED = "sim-mujoco"


class Connected(NamedTuple):
    """A robot that answers, and who stands beside it."""

    driver: "RobotDriver"
    info: "RobotInfo"
    person: "RemotePerson"
    is_alive: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class OnRobot:
    """Options of every command in which a policy moves a robot."""

    driver: Annotated[str, arg(metavar="DRIVER")] = SIMULATED
    """sim-mujoco, the robot on the wire that 'xsim robot serve' is, or one that can be bought:
    franka://HOST, ur://HOST, xarm://HOST (docs/robots.md says what of them was tried)."""
    url: Annotated[str, arg(metavar="URL")] = ""
    """Of sim-mujoco, ws://host:port; one is started for this where none is given."""
    key_file: File = ""
    """A file with its key; policy-server.key in XSIM_HOME by default."""
    run_name: Annotated[str, arg(name="run", metavar="RUN")] = "demo"
    """The run in whose world a started robot stands."""
    first_seed: Annotated[int, arg(metavar="N")] = 0
    """Of the starts; each takes the next."""
    limit: Limits = NO_TEXTS
    """Safety limits other than the defaults, such as speed_m_s=0.1 force_n=10."""
    wait: bool = False
    """Stand still while the policy looks and thinks, instead of going on with what it said last."""
    dead_man: bool = False
    """Move only while the space bar of this terminal is held."""
    json: bool = False
    """Print JSON."""

    def check(self, episodes: int, out: str) -> Path:
        """Refuse what cannot be before anything moves; the folder for the recordings.

        Raises:
            BadInputError: for starts that are none, a folder that is not empty, an unknown driver.
        """
        from xsim_core.errors import BadInputError
        from xsim_core.folders import expanded

        require_packages("msgpack", "websockets")
        if episodes < 1 or self.first_seed < 0:
            raise BadInputError("--episodes is at least 1, --first-seed at least 0.")
        folder = expanded(out, "--out")
        if folder.exists() and any(folder.iterdir()):
            raise BadInputError(f"{folder} is not empty; rollouts are never written over.")
        if self.driver != SIMULATED:
            from xsim_core.robots.hardware.open import open_driver

            open_driver(self.driver)
            if self.url:
                raise BadInputError(f"--url is of {SIMULATED}; {self.driver} says where it is.")
        return folder

    @contextlib.contextmanager
    def connected(self) -> Generator[Connected]:
        """The robot, at rest when the block begins and again when it ends."""
        if self.driver != SIMULATED:
            self._refuse_bought()
        with self._on_the_wire() as robot:
            yield robot

    @contextlib.contextmanager
    def _on_the_wire(self) -> Generator[Connected]:
        from xsim_core.robots.remote import RemotePerson, RemoteRobot

        at = robot_at(self.url, self.run_name, self.key_file, self.first_seed)
        with at as url, _dead_man(wanted=self.dead_man) as is_alive:
            _, key = key_in(self.key_file)
            robot = RemoteRobot(url, key)
            try:
                yield Connected(robot, robot.connect(), RemotePerson(url, key), is_alive)
            finally:
                robot.close()

    def _refuse_bought(self) -> NoReturn:
        """Reach a robot that can be bought, and say why it cannot go on from there.

        Raises:
            BadInputError, RobotLostError, MissingDependencyError: always, one of them.
        """
        from xsim_core.errors import BadInputError
        from xsim_core.robots.hardware.open import open_driver

        robot = open_driver(self.driver)
        try:
            info = robot.connect()
        finally:
            robot.close()
        raise BadInputError(
            f"{self.driver} answers: a {info.model} of {info.num_joints} joints. A policy acts on "
            "pictures, and no driver brings a camera yet: give it one in Python (docs/robots.md)."
        )

    def setup(self, policy: "PolicyOnRobot", robot: Connected) -> "Setup":
        """A policy and the robot brought together, within the limits that were asked for."""
        return policy.setup(
            robot.driver,
            robot.info,
            robot.person,
            limits_of(policy, self.limit),
            is_alive=robot.is_alive,
            waits=self.wait,
        )


@contextlib.contextmanager
def robot_at(url: str, run_name: str, key_file: str, seed: int) -> Generator[str]:
    """The URL given, or that of a robot that lives as long as the block."""
    if url:
        yield url
        return
    require_packages("mujoco")
    with started_robot(run_name, key_file, seed) as started:
        yield started


@contextlib.contextmanager
def started_robot(run_name: str, key_file: str, seed: int) -> Generator[str]:
    """``xsim robot serve`` as a process of its own; its URL.

    Raises:
        BadInputError: when it does not come up, with what it said.
    """
    import json
    import subprocess

    from xsim_core.errors import BadInputError

    command = [sys.executable, "-P", "-m", "flows.cli", "robot", "serve", "--run", run_name]
    command += ["--port", "0", "--seed", str(seed), "--until-eof", "--json"]
    command += ["--key-file", key_file] if key_file else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            text = ""
            for line in process.stdout:
                text += line.decode(errors="replace")
                with contextlib.suppress(ValueError):
                    told = json.loads(text)
                    break
            else:
                raise BadInputError("the robot did not come up, for the reason above.")
            if "url" not in told:
                raise BadInputError(f"the robot did not come up: {told.get('error', text)}")
            yield told["url"]
        finally:
            process.terminate()


@contextlib.contextmanager
def _dead_man(*, wanted: bool) -> Generator[Callable[[], bool]]:
    if not wanted:
        yield lambda: True
        return
    from xsim_core.robots.dead_man import DeadMan

    with DeadMan.at_terminal() as key:
        yield key.is_held


def limits_of(policy: "PolicyOnRobot", texts: tuple[str, ...]) -> "SafetyLimits":
    """Safety limits with what was said of them.

    Raises:
        BadInputError: for what is no limit, or contradicts another.
    """
    from pydantic import ValidationError

    from xsim_core.config import refusal
    from xsim_core.errors import BadInputError
    from xsim_core.text import parse_yaml

    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInputError(f"--limit '{text}' is not LIMIT=VALUE, such as speed_m_s=0.1.")
        given[name] = parse_yaml(value, f"--limit '{text}': the value cannot be read")
    try:
        return policy.limits(given)
    except ValidationError as error:
        raise BadInputError(refusal(error, "--limit")) from error
