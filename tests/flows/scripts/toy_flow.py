"""The real pipeline over toy stages, as a script.

    python -m tests.flows.scripts.toy_flow [stage=what]

What: bad input, a lost connection, an interrupt (Ctrl-C), or aged: made by other code before.

Prints JSON: what each task's state was, and what the store was left with.
"""

import json
import sys

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect import flow, task  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from flows import pipeline  # noqa: E402
from flows.cli.progress import Display  # noqa: E402
from flows.executors import AsTasks  # noqa: E402
from flows.run_page import show_name  # noqa: E402
from flows.runs import recorded, write_report  # noqa: E402
from flows.sources import Sources  # noqa: E402
from tasks.engine.execution import TASK_POLICY, execute  # noqa: E402
from tasks.engine.observer import OBSERVER  # noqa: E402
from tests.flows.toys import ToyConfig, age, toy_stage  # noqa: E402
from tests.waiting import until  # noqa: E402
from xsim_core.errors import BadInputError  # noqa: E402
from xsim_core.presets import pipeline_config  # noqa: E402
from xsim_core.runs import RunRecord, load_record  # noqa: E402
from xsim_core.stages import STAGES  # noqa: E402

ERRORS = {"bad": BadInputError("the toy is broken. Mend it."), "lost": ConnectionError("lost")}
failures = dict(a.split("=") for a in sys.argv[1:])
attempts: dict[str, int] = {}


def toy_task(name):
    stage = toy_stage(name)

    @task(name=name, **{**TASK_POLICY, "retry_delay_seconds": 0.1})
    def run(*, config, **inputs):
        attempts[name] = attempts.get(name, 0) + 1
        kind = failures.get(name)
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "bad" or (kind == "lost" and attempts[name] < 3):
            raise ERRORS[kind]
        return execute(stage, ToyConfig(), inputs)

    return run


flow_run_ids = []


@flow(name="toy", flow_run_name="toy-run", persist_result=False)
def toy():
    flow_run_ids.append(flow_run.id)
    record = RunRecord(name="toy", flow_run_url=flow_run.ui_url)
    store = settings.open_store()
    show_name("toy")
    with recorded(store, record) as recorder:
        sources = Sources.model_construct(capture=None, truth=True, world=True)
        pipeline.whole_chain(AsTasks(recorder, toy_task), pipeline_config("debug"), sources)
    write_report(settings, store, recorder.record)


for name in (name for name, kind in failures.items() if kind == "aged"):
    age(settings.open_store(), load_record(settings.open_store(), "toy").stages[name])

error = None
with Display([s.name for s in STAGES]) as display:
    OBSERVER.set(display)
    try:
        toy()
    except BadInputError as raised:
        error = str(raised)
    except KeyboardInterrupt:
        error = "interrupted"

with get_client(sync_client=True) as client:
    this_run = FlowRunFilter(id=FlowRunFilterId(any_=flow_run_ids))

    def all_ended():
        runs = client.read_task_runs(flow_run_filter=this_run)
        return all(r.state and r.state.is_final() for r in runs) and runs

    # The server writes task states down a moment after the run has ended.
    runs = until(all_ended)
    shown = client.read_flow_run(flow_run_ids[0])
    artifacts = client.request("POST", "/artifacts/filter", json={"limit": 200}).json()
here = [a for a in artifacts if a["flow_run_id"] == str(flow_run_ids[0])]
json.dump(
    {
        "tasks": {r.name.partition("-")[0]: r.state_name for r in runs},
        "messages": {r.name.partition("-")[0]: r.state.message for r in runs if r.state},
        "shown": [shown.name, shown.state_name, shown.state and shown.state.message],
        "attempts": attempts,
        "markdown": {a["key"]: a["data"] for a in here if a["type"] == "markdown"},
        "record": load_record(settings.open_store(), "toy").model_dump(mode="json"),
        "error": error,
    },
    sys.stdout,
)
