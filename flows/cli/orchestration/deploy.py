"""Commands of a laboratory: ``deploy``, ``worker`` and ``backfill``."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from flows.cli.arguments import Preset
from flows.cli.output import print_json
from flows.prefect_server import PoolKind
from xsim_core.errors import BadInputError, UnknownNameError

if TYPE_CHECKING:
    from flows.prefect_server.server import Server

QUERY_S = "2"
"""How often a worker asks for runs."""


@dataclass(frozen=True)
class Deploy:
    """Create work pools, deployments, the GPU limit and the automation that ends dead runs.

    Starts the server when none runs. Running it again changes nothing, and it asks nothing.
    """

    gpu_slots: Annotated[int, arg(metavar="COUNT")] = 1
    """How many stages may use a GPU at once, on all workers together."""
    runs_at_once: Annotated[int, arg(metavar="COUNT")] = 1
    """How many whole runs the workers take at once, together; inbox scans never wait for them."""
    pools: PoolKind = "process"
    """What work pools that do not exist yet start runs in: processes of their worker, or a
    container for each run (docker/ has the images). A pool that exists stays as it is."""
    image: Annotated[str, arg(metavar="IMAGE")] = "{pool}:latest"
    """Image of the containers; {pool} becomes xsim-cpu, xsim-gpu or xsim-foundationpose."""
    volume: Annotated[tuple[str, ...], arg(metavar="FOLDER:/PATH")] = ()
    """Docker volumes, FOLDER:/PATH each; /data holds the store if XSIM_STORE is no s3:// URL."""
    env: Annotated[tuple[str, ...], arg(metavar="NAME=VALUE")] = ()
    """Further variables of the containers, NAME=VALUE each. No keys: anyone in the UI sees them."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Deploy."""
        from flows.prefect_server.deploy import WORK_POOLS, deploy
        from flows.prefect_server.pools import PoolRequest
        from tasks.settings import load_settings

        self._check()
        pools = PoolRequest(
            kind=self.pools,
            image=self.image,
            volumes=self.volume,
            environment=dict(_assignment(text) for text in self.env),
        )
        server = deploy(
            load_settings(), gpu_slots=self.gpu_slots, runs_at_once=self.runs_at_once, pools=pools
        )
        if self.json:
            print_json({"ui": f"{server.ui_url}/deployments", "pools": list(WORK_POOLS)})
            return 0
        print(f"{server.ui_url}/deployments")
        print(f"next: xsim worker {WORK_POOLS[0]}")
        return 0

    def _check(self) -> None:
        """Refuse what nothing would come of.

        Raises:
            BadInputError: with the option.
        """
        if self.gpu_slots < 0 or self.runs_at_once < 1:
            raise BadInputError("--gpu-slots is 0 or more, --runs-at-once 1 or more.")
        of_containers = {"--volume": self.volume, "--env": self.env}
        if self.pools == "process" and (given := [k for k, v in of_containers.items() if v]):
            raise BadInputError(f"{given[0]} is for containers: add --pools docker or kubernetes.")
        for text in self.volume:
            if not re.fullmatch(r"[^:]+:/[^:]*(:(ro|rw))?", text):
                raise BadInputError(f"--volume '{text}' is not FOLDER:/PATH, such as /srv:/data.")


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise BadInputError(f"--env '{text}' is not NAME=VALUE.")
    return name, value


@dataclass(frozen=True)
class Worker:
    """Run a worker, which carries out what is scheduled; stop it with Ctrl-C.

    Where XSIM_DEVICE names a GPU that is not there it does not begin: it could take no stage that
    computes on one.
    """

    pool: Annotated[Positional[str], arg(metavar="[POOL]")] = "xsim-cpu"
    """The work pool to take from."""
    json: bool = False
    """Print errors as JSON; Prefect's worker logs as it does."""

    def run(self) -> int:
        """Become the worker."""
        from flows.prefect_server.checkout import require_checkout
        from flows.prefect_server.server import start_server, use_server
        from tasks.settings import load_settings
        from xsim_core.device import find_device

        require_checkout("xsim worker works in the folder of")
        settings = load_settings()
        if settings.runtime.device != "cpu":
            find_device(settings.runtime.device)
        home = settings.home
        server = start_server(home)
        _check_pool(home, server, self.pool)
        use_server(home, server)
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "INFO"
        # Prefect's own 10 s are half of what a capture waits for its first stage. An answer that
        # there is nothing costs the server milliseconds
        # (tests/benchmarks/orchestration/bench_trigger.py).
        os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", QUERY_S)
        # The pools' command is found there (flows.prefect_server.pools.ENGINE).
        own = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
        sys.stdout.flush()
        command = [sys.executable, "-P", "-m", "prefect", "worker", "start", "--pool", self.pool]
        os.execv(sys.executable, command)


def _check_pool(home: Path, server: "Server", name: str) -> None:
    """Prefect would make a pool of any other name, and wait there for ever.

    Raises:
        UnknownNameError: when there is no such pool.
    """
    from flows.prefect_server.server import authorization

    said = authorization(home, server)
    with server.ask("work_pools/filter", authorization=said, body={}, timeout_s=10.0) as answer:
        known = {pool["name"] for pool in json.loads(answer.read())}
    if not known:
        raise BadInputError("there are no work pools yet: 'xsim deploy' makes them.")
    if name not in known:
        raise UnknownNameError("work pool", name, known)


@dataclass(frozen=True)
class Backfill:
    """Submit runs for captures that earlier runs finished, with every stage from one on made anew.

    "Anew" means with another seed: a stage whose inputs, settings and code are unchanged would
    only be found in the store again.
    """

    start: Annotated[str, arg(name="from", metavar="STAGE")]
    """The first stage to make anew, one with a seed: scan, splat, ppo, render_dataset, diffusion,
    calibrate or evaluate."""
    captures: Annotated[tuple[str, ...], arg(metavar="RUN")] = ()
    """Names of runs (xsim status lists them); all finished ones by default."""
    seed: Annotated[int, arg(metavar="N")] = 1
    """The seed; submitting the same backfill again finds the runs of the first time."""
    preset: Preset | None = None
    """Whose settings; each run's own when empty."""
    dry_run: bool = False
    """Only say what would be submitted."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Plan and submit."""
        from flows.prefect_server.backfill import plan_backfill, submit
        from tasks.settings import load_settings

        settings = load_settings()
        planned = plan_backfill(
            settings.open_store(), self.start, self.captures, seed=self.seed, preset=self.preset
        )
        submitted: list[dict[str, str | None]] = []
        for one in planned:
            flow_run = None if self.dry_run else submit(settings.home, one)
            submitted.append({"run": one.run_name, "capture": one.capture, "flow_run": flow_run})
            if not self.json:
                print(f"{one.run_name:<40} {one.capture}  {flow_run or 'would submit'}")
        if self.json:
            print_json({"dry_run": self.dry_run, "runs": submitted})
        elif not planned:
            print("no finished run to fill in for")
        return 0
