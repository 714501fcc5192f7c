"""Bring a Prefect server to the state that this repository describes; again changes nothing."""

import subprocess
import sys
from pathlib import Path

from tasks.settings import Settings
from xsim_core.errors import MissingDependencyError

from .heartbeats import mark_the_silent
from .server import Server, start_server, use_server

ROOT = Path(__file__).parents[1]
WORK_POOLS = ("xsim-cpu", "xsim-gpu", "xsim-foundationpose")
"""Pools of processes; ``deployments/README.md`` says how they become Docker or Kubernetes ones."""
RUNS_QUEUE = "runs"
"""The queue of the first pool from which whole runs are taken."""


def deploy(settings: Settings, *, gpu_slots: int = 1, runs_at_once: int = 1) -> Server:
    """Create or update work pools, deployments, both limits and the automation for the dead."""
    server = start_server(settings.home)
    use_server(settings.home, server)
    _pools_and_limits(gpu_slots)
    mark_the_silent()
    _deployments()
    _limit_runs(runs_at_once)
    return server


def _pools_and_limits(gpu_slots: int) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    from tasks.gpu import GPU_SLOT

    with get_client(sync_client=True) as client:
        for name in WORK_POOLS:
            try:
                # One that a laboratory changed, to Docker for instance, stays as it is.
                client.read_work_pool(name)
            except ObjectNotFound:
                client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        client.upsert_global_concurrency_limit_by_name(GPU_SLOT, gpu_slots)


def _limit_runs(at_once: int) -> None:
    """How many whole runs are handed out; the inbox scan has a queue of its own and never waits."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        queue = client.read_work_queue_by_name(RUNS_QUEUE, WORK_POOLS[0])
        client.update_work_queue(queue.id, concurrency_limit=at_once)


def _deployments() -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise MissingDependencyError(f"Prefect refused {ROOT / 'prefect.yaml'}:\n{tail}")
