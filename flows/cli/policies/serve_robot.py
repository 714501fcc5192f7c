"""``xsim robot serve``: a robot on the wire."""

import contextlib
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from flows.cli.arguments import LOOPBACK, File
from flows.cli.listening import check_address
from flows.cli.output import print_json

from .policy import key_in
from .recordings import require_packages

if TYPE_CHECKING:
    from xsim_core.robots.mujoco_robot.scene import Scene
    from xsim_core.storage import ArtifactStore


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
        check_address(self.host, self.port)
        if self.seed < 0:
            raise BadInputError(f"--seed {self.seed} is no seed: 0 or more.")
        _, key = key_in(self.key_file)
        scene = scene_of_run(load_settings().open_store(), self.run_name)
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._serve(scene, Path(folder), key))
        return 0

    async def _serve(self, scene: "Scene", folder: Path, key: str) -> None:
        import asyncio
        import signal

        from xsim_core.robots.mujoco_robot.robot import Faults, MujocoRobot
        from xsim_core.robots.wire.server import RobotServer

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


def scene_of_run(store: "ArtifactStore", run_name: str) -> "Scene":
    """The world that a run's policies deploy into.

    Raises:
        BadInputError: when the run has none.
    """
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
                why = told.get("error", {}).get("message", text)
                raise BadInputError(f"the robot did not come up: {why}")
            yield told["url"]
        finally:
            process.terminate()
