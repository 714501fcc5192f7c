"""From the inbox to the report, by way of a robot, on a real server: prints JSON.

``python -m tests.flows.inbox.whole_path INBOX``: the deployed flow and the scan are the real ones;
stages make toys, and the processes of the flow run follow each other here, as workers start them.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect import task  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.exceptions import Pause  # noqa: E402
from prefect.flow_engine import run_flow  # noqa: E402
from prefect.states import Pending  # noqa: E402

import flows.executors  # noqa: E402
from flows.inbox.scan_inbox import scan_inbox  # noqa: E402
from flows.prefect_server import suspension  # noqa: E402
from flows.xsim import xsim  # noqa: E402
from tasks.engine.execution import TASK_POLICY, execute  # noqa: E402
from tests.flows.inbox.test_inbox import a_capture  # noqa: E402
from tests.flows.toys import ToyConfig, toy_stage  # noqa: E402
from xsim_core.robots.recording import RolloutWriter  # noqa: E402
from xsim_core.runs import list_runs, load_record  # noqa: E402

inbox = Path(sys.argv[1])
suspension.REST_SAID = 1
"""Nobody watches for long enough here."""


def toy_task(name):
    @task(name=name, **TASK_POLICY)
    def run(*, config, **inputs):
        return execute(toy_stage(name), ToyConfig(), inputs)

    return run


flows.executors.task_of = toy_task


def scan():
    return scan_inbox(inbox=str(inbox), deployment="xsim/new-video", preset="debug", settle_s=0)


def record():
    (name,) = list_runs(settings.open_store())
    return load_record(settings.open_store(), name)


def runs():
    """Flow runs that the inbox asked for."""
    query = {"flow_runs": {"tags": {"all_": ["inbox"]}}, "flows": {"name": {"any_": ["xsim"]}}}
    return client.request("POST", "/flow_runs/filter", json=query).json()


def process():
    """What one process of the flow run comes to."""
    (asked,) = runs()
    run = client.read_flow_run(asked["id"])
    client.set_flow_run_state(run.id, Pending(), force=True)  # As the worker that takes it does.
    with suppress(Pause):
        run_flow(xsim, flow_run=run, parameters=run.parameters)
    state = client.read_flow_run(run.id).state
    return [state.name, record().state]


def act(policy):
    """Recordings of the policy, as ``xsim robot run --out`` leaves them."""
    writer = RolloutWriter(inbox / "monday" / "rollout_0000.rollout", {"policy": str(policy)})
    writer.close()
    (inbox / "monday" / "summary.json").write_text("{}")


with get_client(sync_client=True) as client:
    client.create_deployment(client.create_flow(xsim), "new-video")
    a_capture(inbox / "take")
    (inbox / "take" / "run.yaml").write_text("deploy: robot")
    scan()
    found = {"student made": process(), "name": record().name, "awaits": record().awaits}
    act(record().stages["diffusion"])
    found["brought"] = scan()["recordings"]
    found["report made"] = process()
    found["stages"] = list(record().stages)
    found["rollouts"] = record().request.rollouts
    scan()
    found["runs"] = len(runs())
    found["reports"] = [p.stat().st_size for p in (settings.home / "reports").glob("*.html")]
json.dump(found, sys.stdout)
