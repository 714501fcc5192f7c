"""Bring a Prefect server to the state that this repository describes; again changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tasks.settings import Settings
from xsim_core.errors import MissingDependencyError

from .api import Server
from .checkout import ROOT, require_checkout
from .entrypoints import BROKEN
from .heartbeats import ensure_zombie_automation
from .pools import WORK_POOLS, PoolRequest, check, job_template, process_template
from .server import start_server, use_server

RUNS_QUEUE = "runs"
"""The queue of the first pool from which whole runs are taken."""


def deploy(
    settings: Settings,
    *,
    gpu_slots: int = 1,
    runs_at_once: int = 1,
    pools: PoolRequest | None = None,
) -> Server:
    """Create or update work pools, deployments, both limits and the automation for the dead.

    Args:
        settings: whose server.
        gpu_slots: stages that may use a GPU at once.
        runs_at_once: whole runs that are handed out at once.
        pools: what pools that do not exist yet start runs in; processes by default.

    Raises:
        MissingDependencyError: without a checkout, or when a flow cannot be imported.
    """
    root = require_checkout("xsim deploy reads")
    pools = pools or PoolRequest()
    check(pools)
    server = start_server(settings.home)
    use_server(settings.home, server)
    _pools_and_limits(pools, gpu_slots)
    ensure_zombie_automation()
    _deployments(root)
    _limit_runs(runs_at_once)
    return server


def _pools_and_limits(pools: PoolRequest, gpu_slots: int) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    from tasks.engine.gpu import GPU_SLOT

    with get_client(sync_client=True) as client:
        for name in WORK_POOLS:
            try:
                # One that is there, perhaps changed by the laboratory, stays as it is.
                client.read_work_pool(name)
            except ObjectNotFound:
                template = job_template(pools, name) or process_template()
                pool = WorkPoolCreate(name=name, type=pools.kind, base_job_template=template)
                client.create_work_pool(pool)
        client.upsert_global_concurrency_limit_by_name(GPU_SLOT, gpu_slots)


def _limit_runs(at_once: int) -> None:
    """How many whole runs are handed out; the inbox scan has a queue of its own and never waits."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        queue = client.read_work_queue_by_name(RUNS_QUEUE, WORK_POOLS[0])
        client.update_work_queue(queue.id, concurrency_limit=at_once)


def _deployments(root: Path) -> None:
    """Hand over what ``root/prefect.yaml`` describes, once all of it can be imported."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "flows.prefect_server.entrypoints"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    )
    if done.returncode == BROKEN:
        raise MissingDependencyError(
            f"no deployment was changed, as these flows cannot be imported:\n{done.stderr}\n"
            "A package that is missing comes with 'make setup'; anything else is to be mended in "
            "the line named. Then run 'xsim deploy' again."
        )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise MissingDependencyError(f"Prefect refused {root / 'prefect.yaml'}:\n{tail}")
