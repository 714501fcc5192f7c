"""``xsim robot serve`` and ``run``: a robot on the wire, and a policy that acts on a robot."""

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from flows.cli.arguments import LOOPBACK, NO_TEXTS, File, Limits
from flows.cli.output import print_json

from .policy import key_in
from .recordings import require_packages

if TYPE_CHECKING:
    from xsim_core.robots import SafetyLimits
    from xsim_core.robots.mujoco_robot.scene import Scene
    from xsim_core.robots.rollout import RolloutResult
    from xsim_core.robots.session import PolicyOnRobot
    from xsim_core.storage import ArtifactStore

Driver = Literal["sim-mujoco"]


@dataclass(frozen=True)
class RobotServe:
    """Be a robot on the wire: a Panda in MuJoCo, in the world that a run's policies deploy into.

    A process of its own, by the wall clock: physics, renderer, controller and camera are MuJoCo's,
    nothing is the training simulator's. A script plays the person who puts the object back and
    judges. Ctrl-C ends it.
    """

    run_name: Annotated[str, arg(name="run", metavar="RUN")] = "demo"
    """The run whose world it stands in: of a capture that was synthesised."""
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1"
    """Where to listen; this machine alone unless told."""
    port: Annotated[int, arg(metavar="PORT")] = 8010
    """0 takes a free one."""
    key_file: File = ""
    """A file with the key that clients send; policy-server.key in XSIM_HOME by default."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the noise of its sensors."""
    until_eof: bool = False
    """End when standard input does, too: for programs that start one and may be killed."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Serve until it is interrupted."""
        import asyncio
        import tempfile

        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError

        require_packages("msgpack", "websockets", "mujoco")
        if not 0 <= self.port <= 65535:
            raise BadInputError(f"--port {self.port} is no port: 0 to 65535.")
        _, key = key_in(self.key_file)
        scene = _scene(load_settings().open_store(), self.run_name)
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._serve(scene, Path(folder), key))
        return 0

    async def _serve(self, scene: "Scene", folder: Path, key: str) -> None:
        import asyncio
        import signal

        from xsim_core.robots.mujoco_robot.robot import Faults, MujocoRobot
        from xsim_core.robots.robot_server import RobotServer

        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        if self.until_eof:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
        if self.host not in LOOPBACK:
            print("note: the key and the pictures cross the network in the clear.", file=sys.stderr)
        robot = MujocoRobot(scene, folder, Faults(seed=self.seed))
        robot.start()
        try:
            async with RobotServer(robot, key).listening(self.host, self.port) as listening:
                port = next(iter(listening.sockets)).getsockname()[1]
                url = f"ws://{self.host}:{port}"
                if self.json:
                    print_json({"url": url, "robot": robot.model, "run": self.run_name})
                else:
                    print(f"a {robot.model} of MuJoCo in the world of {self.run_name} at {url}")
                sys.stdout.flush()
                await ended.wait()
        finally:
            robot.close()


@dataclass(frozen=True)
class RobotRun:
    """Let a policy act on a robot, through the safety layer, and record every rollout.

    What is recorded lies in --out, a file each rollout, whole up to its last step whatever
    happens. Ctrl-C brings the robot to rest first.
    """

    policy: Annotated[str, arg(metavar="ARTIFACT")]
    """RUN:STAGE, kind/fingerprint, or the fingerprint's first digits."""
    out: Annotated[str, arg(metavar="FOLDER")]
    """For the recordings and summary.json; made anew."""
    driver: Driver = "sim-mujoco"
    """sim-mujoco is a robot on the wire that 'xsim robot serve' is."""
    url: Annotated[str, arg(metavar="URL")] = ""
    """Of that robot, ws://host:port; one is started for this run where none is given."""
    key_file: File = ""
    """A file with the robot's key; policy-server.key in XSIM_HOME by default."""
    run_name: Annotated[str, arg(name="run", metavar="RUN")] = "demo"
    """The run in whose world the started robot stands."""
    episodes: Annotated[int, arg(metavar="N")] = 1
    """How many rollouts."""
    first_seed: Annotated[int, arg(metavar="N")] = 0
    """Of the starts; each rollout takes the next."""
    limit: Limits = NO_TEXTS
    """Safety limits other than the defaults, such as speed_m_s=0.1 force_n=10."""
    wait: bool = False
    """Stand still while the policy looks and thinks, instead of going on with what it said last."""
    dead_man: bool = False
    """Move only while the space bar of this terminal is held."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Connect, act, record."""
        import tempfile

        from tasks.settings import load_settings
        from xsim_core.errors import BadInputError
        from xsim_core.folders import expanded
        from xsim_core.refs import find_ref

        require_packages("msgpack", "websockets")
        from xsim_core.robots.session import PolicyOnRobot

        if self.episodes < 1 or self.first_seed < 0:
            raise BadInputError("--episodes is at least 1, --first-seed at least 0.")
        folder = expanded(self.out, "--out")
        if folder.exists() and any(folder.iterdir()):
            raise BadInputError(f"{folder} is not empty; rollouts are never written over.")
        store = load_settings().open_store()
        with tempfile.TemporaryDirectory() as scratch:
            policy = PolicyOnRobot(store, find_ref(store, self.policy), Path(scratch))
            limits = limits_of(policy, self.limit)
            at = robot_at(self.url, self.run_name, self.key_file, self.first_seed)
            with at as url, _dead_man(wanted=self.dead_man) as is_alive:
                summary = self._act(policy, limits, url, folder, is_alive)
        if self.json:
            print_json(summary)
        else:
            print(
                f"{summary['successes']} of {summary['rollouts']} succeed, 95 % interval "
                f"{summary['low']:.2f} to {summary['high']:.2f}; recorded in {folder}"
            )
        return 0 if all(r["outcome"] in ("success", "failure") for r in summary["each"]) else 1

    def _act(
        self,
        policy: "PolicyOnRobot",
        limits: "SafetyLimits",
        url: str,
        folder: Path,
        is_alive: Callable[[], bool],
    ) -> dict[str, Any]:
        import json

        from xsim_core.robots.remote import RemotePerson, RemoteRobot
        from xsim_core.robots.session import run_session
        from xsim_core.scratch import write_text

        _, key = key_in(self.key_file)
        robot = RemoteRobot(url, key)
        try:
            info, person = robot.connect(), RemotePerson(url, key)
            setup = policy.setup(robot, info, person, limits, is_alive=is_alive, waits=self.wait)
            seeds = [*range(self.first_seed, self.first_seed + self.episodes)]
            summary = run_session(policy, setup, seeds, folder, say=self._say)
            person.is_done()  # With it comes how much time the robot left out.
            summary |= {"clock_slipped_s": person.slipped_s}
            write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
            return summary
        finally:
            robot.close()

    def _say(self, seed: int, result: "RolloutResult") -> None:
        if self.json:
            return
        think = result.figures["picture_to_chunk_ms"].get("p50", float("nan"))
        why = f" ({result.why})" if result.why else ""
        print(
            f"  seed {seed}: {result.outcome}{why} after {result.num_steps} steps; picture to "
            f"chunk {think:.0f} ms"
        )
        sys.stdout.flush()


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


def _scene(store: "ArtifactStore", run_name: str) -> "Scene":
    from xsim_core.artifacts import RealWorld, SimWorld
    from xsim_core.errors import BadInputError
    from xsim_core.runs import load_record

    stages = load_record(store, run_name).stages
    if "build_sim" not in stages or "ingest_world" not in stages:
        raise BadInputError(
            f"run '{run_name}' has no simulated world to put a robot into: only synthesised "
            "captures (xsim demo, xsim capture synthesize) have one, and only after 'build_sim'."
        )
    from xsim_core.robots.deploy_scene import deploy_scene

    sim = store.open(stages["build_sim"], SimWorld)
    return deploy_scene(sim, store.open(stages["ingest_world"], RealWorld))
