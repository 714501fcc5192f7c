"""What commands share that let policies act on a robot: which one, how safely, what starts."""

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from tyro.conf import arg

from flows.cli.arguments import NO_TEXTS, File, Limits

from .policy import key_in
from .recordings import require_packages
from .serve_robot import robot_at

if TYPE_CHECKING:
    from xsim_core.robots import RobotDriver, RobotInfo, SafetyLimits
    from xsim_core.robots.dead_man import DeadMan
    from xsim_core.robots.page.watch import Watch
    from xsim_core.robots.person_at_terminal import PersonAtTerminal
    from xsim_core.robots.rollout import Setup
    from xsim_core.robots.session import PolicyOnRobot
    from xsim_core.robots.wire.remote import RemotePerson

SIMULATED = "sim-mujoco"
Join = Literal["switch", "ensemble", "inpaint"]
"""``xsim_core.robots.joining.Join``, named here so that the command line knows it at once."""


class Connected(NamedTuple):
    """A robot that answers, and who stands beside it."""

    driver: "RobotDriver"
    info: "RobotInfo"
    person: "RemotePerson | None"
    """The script beside sim-mujoco; None where a person stands at this terminal."""
    is_alive: Callable[[], bool]
    watch: "Watch"
    """What a page shows, where there is one."""
    keys: "DeadMan | None" = None
    """Of this terminal, where it is read."""


@dataclass(frozen=True, kw_only=True)
class OnRobot:
    """Options of every command in which a policy moves a robot."""

    driver: Annotated[str, arg(metavar="DRIVER")] = SIMULATED
    """sim-mujoco, the robot on the wire that 'xsim robot serve' is, or one that can be bought:
    franka://HOST, ur://HOST, xarm://HOST (docs/robots.md says what of them was tried)."""
    camera: Annotated[str, arg(metavar="CAMERA")] = ""
    """Beside a robot that can be bought: realsense, or realsense:SERIAL. sim-mujoco has its own."""
    camera_pose: File = ""
    """Where that camera stands: a file with its pose in the robot's frame, camera to base, as
    camera: of a capture takes it."""
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
    join: Join = "switch"
    """How the next chunk joins the one that is executed: it takes over (switch), chunks are
    averaged (ensemble), or it is sampled to go on from it (inpaint)."""
    dead_man: bool = False
    """Move only while the space bar of this terminal is held."""
    page: bool = False
    """Show in the browser what the robot sees and does, with buttons that say what came of an
    attempt; its address is printed."""
    json: bool = False
    """Print JSON."""

    def check(self, episodes: int, out: str) -> Path:
        """Refuse what cannot be before anything moves; the folder for the recordings.

        Raises:
            BadInputError: for starts that are none, a folder that is not empty, an unknown driver.
        """
        from xsim_core.errors import BadInputError
        from xsim_core.files.folders import expanded

        require_packages("msgpack", "websockets")
        if episodes < 1 or self.first_seed < 0:
            raise BadInputError("--episodes is at least 1, --first-seed at least 0.")
        folder = expanded(out, "--out")
        if folder.exists() and any(folder.iterdir()):
            raise BadInputError(f"{folder} is not empty; rollouts are never written over.")
        self._check_camera()
        return folder

    def _check_camera(self) -> None:
        """Refuse what driver and camera cannot be to each other.

        Raises:
            BadInputError: for an unknown one, one too many, or none.
        """
        from xsim_core.errors import BadInputError

        if self.driver == SIMULATED:
            if self.camera or self.camera_pose:
                raise BadInputError(f"{SIMULATED} has a camera of its own: leave out --camera.")
            return
        from xsim_core.robots.cameras.open import open_camera
        from xsim_core.robots.hardware.open import open_driver

        open_driver(self.driver)
        if self.url:
            raise BadInputError(f"--url is of {SIMULATED}; {self.driver} says where it is.")
        if not self.camera or not self.camera_pose:
            raise BadInputError(
                f"a policy acts on pictures, and {self.driver} brings no camera: give one with "
                "--camera realsense, and say where it stands with --camera-pose FILE."
            )
        open_camera(self.camera)

    @contextlib.contextmanager
    def connected(self) -> Generator[Connected]:
        """The robot, at rest when the block begins and again when it ends."""
        with self._on_the_wire() if self.driver == SIMULATED else self._bought() as robot:
            yield robot

    @contextlib.contextmanager
    def _on_the_wire(self) -> Generator[Connected]:
        from xsim_core.robots.wire.remote import RemotePerson, RemoteRobot

        at = robot_at(self.url, self.run_name, self.key_file, self.first_seed)
        with at as url, _terminal(wanted=self.dead_man) as keys:
            _, key = key_in(self.key_file)
            robot = RemoteRobot(url, key)
            try:
                info, person = robot.connect(), RemotePerson(url, key)
                with self._page(robot, info) as watch:
                    yield Connected(robot, info, person, self._is_alive(keys), watch, keys)
            finally:
                robot.close()

    @contextlib.contextmanager
    def _bought(self) -> Generator[Connected]:
        """A robot that can be bought, a camera beside it, and a person at this terminal."""
        from xsim_core.files.folders import expanded
        from xsim_core.robots.cameras.beside import ArmWithCamera
        from xsim_core.robots.cameras.open import open_camera, read_place
        from xsim_core.robots.hardware.open import open_driver

        notes: list[str] = []
        T_world_cam = read_place(expanded(self.camera_pose, "--camera-pose"), notes)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        robot = ArmWithCamera(open_driver(self.driver), open_camera(self.camera), T_world_cam)
        with _terminal(wanted=True) as keys:
            try:
                info = robot.connect()
                print(f"times of pictures: {info.picture_times}.", file=sys.stderr)
                with self._page(robot, info) as watch:
                    yield Connected(robot, info, None, self._is_alive(keys), watch, keys)
            finally:
                robot.close()

    @contextlib.contextmanager
    def _page(self, robot: "RobotDriver", info: "RobotInfo") -> "Generator[Watch]":
        """What a session lays down, and the page that shows it where one is asked for."""
        from xsim_core.robots.page.watch import Watch

        watch = Watch()
        if not self.page:
            yield watch
            return
        from xsim_core.robots.page.server import RobotPage, serving

        with serving(RobotPage(robot, info, watch)) as page:
            print(f"page: {page.url}", file=sys.stderr, flush=True)
            yield watch

    def _is_alive(self, keys: "DeadMan | None") -> Callable[[], bool]:
        return keys.is_held if self.dead_man and keys is not None else lambda: True

    def setup(self, policy: "PolicyOnRobot", robot: Connected) -> "Setup":
        """A policy and the robot brought together, within the limits that were asked for."""
        limits = limits_of(policy, self.limit)
        return policy.setup(
            robot.driver,
            robot.info,
            robot.person or self._person(policy, robot, limits),
            limits,
            is_alive=robot.is_alive,
            waits=self.wait,
            join=self.join,
            watch=robot.watch,
        )

    def _person(
        self, policy: "PolicyOnRobot", robot: Connected, limits: "SafetyLimits"
    ) -> "PersonAtTerminal":
        from xsim_core.robots.person_at_terminal import person_beside

        assert robot.keys is not None
        return person_beside(
            policy,
            robot.driver,
            robot.info,
            limits,
            keys=robot.keys,
            is_alive=robot.is_alive,
            say=lambda text: print(text, file=sys.stderr, flush=True),
            watch=robot.watch,
        )


@contextlib.contextmanager
def _terminal(*, wanted: bool) -> "Generator[DeadMan | None]":
    if not wanted:
        yield None
        return
    from xsim_core.robots.dead_man import DeadMan

    with DeadMan.at_terminal() as keys:
        yield keys


def limits_of(policy: "PolicyOnRobot", texts: tuple[str, ...]) -> "SafetyLimits":
    """Safety limits with what was said of them.

    Raises:
        BadInputError: for what is no limit, or contradicts another.
    """
    from pydantic import ValidationError

    from xsim_core.config import refusal
    from xsim_core.errors import BadInputError
    from xsim_core.files.text import parse_yaml

    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise BadInputError(f"--limit '{text}' is not LIMIT=VALUE, such as speed_m_s=0.1.")
        given[name] = parse_yaml(value, f"--limit '{text}': the value cannot be read")
    try:
        return policy.limits(given)
    except ValidationError as error:
        raise BadInputError(refusal(error, "--limit")) from error
