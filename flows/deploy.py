"""Bring a Prefect server to the state that this repository describes; again changes nothing."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from tasks.settings import Settings
from xsim_core.errors import MissingDependencyError

from .server import Server, start_server, use_server

ROOT = Path(__file__).parents[1]
WORK_POOLS = ("xsim-cpu", "xsim-gpu", "xsim-foundationpose")
"""Pools of processes; ``deployments/README.md`` says how they become Docker or Kubernetes ones."""
GPU_TAG = "gpu"
ZOMBIES = "xsim: runs whose process died"
SILENCE_S = 90
"""Three heartbeats that did not come."""


def deploy(settings: Settings, *, gpu_slots: int = 1) -> Server:
    """Create or update work pools, deployments, the GPU limit and the automation for the dead."""
    server = start_server(settings.home)
    use_server(settings.home, server)
    _pools_and_limits(gpu_slots)
    _automation()
    _deployments()
    return server


def _pools_and_limits(gpu_slots: int) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:
        for name in WORK_POOLS:
            try:
                # One that a laboratory changed, to Docker for instance, stays as it is.
                client.read_work_pool(name)
            except ObjectNotFound:
                client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        # Leased: the slot of a holder that died is free again after about a minute.
        client.create_concurrency_limit(tag=GPU_TAG, concurrency_limit=gpu_slots)


def _automation() -> None:
    from prefect.automations import AutomationCore, EventTrigger
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ActionTypes, ChangeFlowRunState
    from prefect.events.schemas.automations import Posture

    heartbeat = "prefect.flow-run.heartbeat"
    ends = {f"prefect.flow-run.{s}" for s in ("Completed", "Failed", "Cancelled", "Crashed")}
    actions: list[ActionTypes] = [
        ChangeFlowRunState(
            state=StateType.CRASHED, name="Crashed", message="Its process sent no heartbeat.",
            force=False,
        )
    ]  # fmt: skip
    wanted = AutomationCore(
        name=ZOMBIES,
        description=f"No heartbeat for {SILENCE_S} s: the run is marked as crashed.",
        trigger=EventTrigger(
            after={heartbeat}, expect={heartbeat, *ends}, for_each={"prefect.resource.id"},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            posture=Posture.Proactive, threshold=1, within=timedelta(seconds=SILENCE_S),
        ),
        actions=actions,
    )  # fmt: skip
    with get_client(sync_client=True) as client:
        there = client.read_automations_by_name(ZOMBIES)
        if not there:
            client.create_automation(wanted)
        for surplus in there[1:]:
            client.delete_automation(surplus.id)
        if there:
            client.update_automation(there[0].id, wanted)


def _deployments() -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise MissingDependencyError(f"Prefect refused {ROOT / 'prefect.yaml'}:\n{tail}")
