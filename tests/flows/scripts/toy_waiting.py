"""A run that waits for a person, on a real server: python -m tests.flows.scripts.toy_waiting.

The processes of a flow run follow each other here, as those that workers start do. Prints JSON.
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

from prefect import flow  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.exceptions import Pause  # noqa: E402
from prefect.flow_engine import run_flow  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Pending  # noqa: E402

from flows.executors import Plan  # noqa: E402
from flows.prefect_server import suspension  # noqa: E402
from flows.prefect_server.suspension import (  # noqa: E402
    flow_run_of,
    go_on,
    go_on_reviewed,
    is_suspended,
    let_go,
    suspending,
    waiting_state,
)
from flows.runs import recorded  # noqa: E402
from tests.flows.test_awaiting import resolved  # noqa: E402
from tests.flows.test_review import judged, reviewed  # noqa: E402
from xsim_core.runs import load_record  # noqa: E402

FOLDER = Path(sys.argv[1])
"""Of recordings."""
suspension.REST_SAID = 1
"""Nobody watches for long enough here."""


def named(name, **fields):
    """A run; of a doubtful one the track is another than the others'."""
    run = resolved(name=name, deploy="robot", **fields)
    if name != "doubtful":
        return run
    tracked = run.config.pose_track.model_copy(update={"num_board_frames": 5})
    config = run.config.model_copy(update={"pose_track": tracked})
    return type(run)(run.request, config, run.sources)


@flow(name="toy-waiting", persist_result=False)
def toy(name: str, rollouts: str | None = None):
    """As ``xsim`` does, with a plan for the stages."""
    store = settings.open_store()
    run = named(name, rollouts=rollouts).taken(store)
    let_go(store, run.name)

    def carry_out(run):
        with recorded(store, run.record(flow_run_url=flow_run.ui_url)) as recorder:
            run.carry_out(Plan(store))
        return recorder.record

    record = suspending(run, carry_out, store)
    return waiting_state(record) if record.state == "waiting" else None


def record_of(name):
    return load_record(settings.open_store(), name)


def process(client, run):
    """What one process of a flow run comes to."""
    with suppress(Pause):
        run_flow(toy, flow_run=client.read_flow_run(run.id), parameters=run.parameters)
    return state_of(client, run)


def state_of(client, run):
    state = client.read_flow_run(run.id).state
    return [state.name, state.message or ""]


toy(name="by-hand", return_state=True)
by_hand = record_of("by-hand")
ended = flow_run_of(by_hand).state
found = {"without a deployment": [by_hand.state, ended.name, ended.message == by_hand.awaits]}
with get_client(sync_client=True) as client:
    deployment = client.create_deployment(client.create_flow(toy), "toy", work_pool_name=None)

    def deployed(name):
        return client.create_flow_run_from_deployment(
            deployment, parameters={"name": name}, state=Pending()
        )

    run = deployed("suspended")
    found["first"] = process(client, run)
    found["record"] = record_of("suspended").model_dump(mode="json")
    refused = client.resume_flow_run(run.id, run_input={})
    found["resumed without a word"] = [refused.status, *state_of(client, run)[:1]]
    client.resume_flow_run(run.id, run_input={"rollouts": str(FOLDER.parent)})
    found["what is none"] = process(client, run)
    found["inbox"] = go_on(record_of("suspended"), FOLDER, deployed="toy-waiting/toy")
    found["again"] = go_on(record_of("suspended"), FOLDER, deployed="toy-waiting/toy")
    found["last"] = process(client, run)
    found["ended"] = record_of("suspended").model_dump(mode="json")

    store = settings.open_store()
    judged(store, "review", named("doubtful"))
    doubtful = deployed("doubtful")
    found["doubtful"] = process(client, doubtful)
    found["doubtful's record"] = record_of("doubtful").model_dump(mode="json")
    client.resume_flow_run(doubtful.id, run_input={"review": "I looked"})
    found["no review"] = process(client, doubtful)
    made = str(reviewed(store, named("doubtful")))
    found["resumed"] = go_on_reviewed(record_of("doubtful"), made)
    found["reviewed"] = [*process(client, doubtful), record_of("doubtful").awaits_what]
    client.resume_flow_run(doubtful.id, run_input={"rollouts": str(FOLDER)})
    found["after both"] = process(client, doubtful)
    found["both"] = [made, record_of("doubtful").model_dump(mode="json")]

    left = deployed("left")
    process(client, left)
    found["is suspended"] = is_suspended(flow_run_of(record_of("left")))
    toy(name="left", rollouts=str(FOLDER))
    found["went on by hand"] = [*state_of(client, left), record_of("left").state]
    found["submitted"] = go_on(by_hand, FOLDER, deployed="toy-waiting/toy").partition("run ")[0]
    artifacts = client.request("POST", "/artifacts/filter", json={"limit": 200}).json()
    found["pages"] = [a["data"] for a in artifacts if a["key"] == "awaits-rollouts"]
    found["review pages"] = [a["data"] for a in artifacts if a["key"] == "awaits-review"]
json.dump(found, sys.stdout)
