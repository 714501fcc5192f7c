"""Submit one backfill again and again to the real server.

python -m tests.flows.prefect_server.backfill_again

No worker is there, so each run stays as it is until this script says how it ended.
"""

import json
import sys

from flows.prefect_server.backfill import submit
from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings
from xsim_core.runs import RunRequest

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect.client.orchestration import get_client  # noqa: E402
from prefect.states import Cancelled, Completed, Crashed, Failed  # noqa: E402

NAME = "backfill-toy"
planned = RunRequest(
    name="kitchen-ppo-7", capture="kitchen", preset="debug", task=None,
    overrides={"ppo": {"seed": 7}},
)  # fmt: skip
other = planned.model_copy(update={"overrides": {"ppo": {"seed": 8}}})


def again(what=planned):
    return submit(settings.home, what, deployment=f"{NAME}/{NAME}")


with get_client(sync_client=True) as client:
    client.create_deployment(
        client.create_flow_from_name(NAME),
        NAME,
        entrypoint="flows/xsim.py:xsim",
        enforce_parameter_schema=False,
    )
    waiting = [again(), again()]
    after = {}
    for state in (Failed(), Crashed(), Cancelled()):
        client.set_flow_run_state(again(), state, force=True)
        after[state.name] = [again(), again()]
    client.set_flow_run_state(again(), Completed(), force=True)
    done = [again(), again()]
    runs = {run: client.read_flow_run(run).parameters for run in {*waiting, *done}}
json.dump(
    {"waiting": waiting, "after": after, "done": done, "other": again(other), "runs": runs},
    sys.stdout,
)
