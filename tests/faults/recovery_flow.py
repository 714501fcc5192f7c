"""A flow of two stages, a quick one and one that waits for a file, and what a worker needs of it.

As a script it brings a server to what these tests need of `xsim deploy`, whose every flow takes
long to import, and prints the id of its deployment.
"""

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    from flows.prefect_server.server import find_server, use_server
    from tasks.settings import load_settings

    home = load_settings().home
    server = find_server(home)
    assert server is not None
    use_server(home, server)

from prefect import flow, task

from flows.records.recorder import Recorder
from flows.runs import recorded
from tasks.engine.execution import TASK_POLICY, execute
from tasks.settings import load_settings
from tests.tasks.long_stages import Behaviour, find
from xsim_core.runs import RunRecord

ROOT = Path(__file__).parents[2]
FIND = "tests.tasks.long_stages:find"

if "TOY_IMPORT_S" in os.environ:
    # A machine so busy that the flow's imports take this long: for what begins late or never.
    Path(os.environ["TOY_IMPORT_NOTES"]).write_text(str(os.getpid()))
    time.sleep(float(os.environ["TOY_IMPORT_S"]))


def _task(name):
    @task(name=name, task_run_name=name, **TASK_POLICY)
    def run(config):
        return execute(find(name), config, {}, find=FIND)

    return run


@flow(name="toy-recovery", flow_run_name="{name}", persist_result=False)
def toy_recovery(name: str, notes: str, gpu: bool = False) -> None:
    """Quick, then long."""
    store = load_settings().open_store()
    with recorded(store, RunRecord(name=name)) as recorder:
        for stage, does in (("first", "work"), ("second", "until")):
            backend = "gsplat" if gpu and stage == "second" else "none"
            config = Behaviour(does=does, notes=Path(notes), backend=backend)
            _call(recorder, stage, config)


def _call(recorder: Recorder, stage: str, config: Behaviour) -> None:
    try:
        ref = _task(stage)(config, return_state=True).result()
    except BaseException as error:
        recorder.stopped(stage, error)
        raise
    recorder.add(stage, ref)


def deploy() -> str:
    """Create pools, limit, automation and two deployments; answers the id of this flow's."""
    from prefect.client.orchestration import get_client

    from flows.prefect_server.deploy import _pools_and_limits
    from flows.prefect_server.heartbeats import ensure_zombie_automation
    from flows.prefect_server.pools import PoolRequest

    _pools_and_limits(PoolRequest(), 1)
    ensure_zombie_automation()
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}
    with get_client(sync_client=True) as client:
        for name, entrypoint, pool in (
            ("stage", "flows/stage.py:stage", "xsim-gpu"),
            (toy_recovery.name, f"{Path(__file__).relative_to(ROOT)}:toy_recovery", "xsim-cpu"),
        ):
            made = client.create_deployment(
                client.create_flow_from_name(name),
                pool,
                entrypoint=entrypoint,
                work_pool_name=pool,
                pull_steps=[step],
                enforce_parameter_schema=False,
            )
    return str(made)


if __name__ == "__main__":
    sys.stdout.write(deploy())
