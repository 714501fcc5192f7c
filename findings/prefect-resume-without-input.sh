#!/usr/bin/env bash
# Prefect 3.9.1 resumes a flow run that waits for input without any, where every field of the form has a default or
# initial data: the suggestion is handed to the flow as if a person had given it.
#
# Package:  prefect 3.9.1
# Expected: "If the flow is resumed without providing the input, the flow will fail" (docstring of suspend_flow_run
#           and of pause_flow_run, on wait_for_input).
# Seen:     suspended with Approval.with_initial_data(folder="/suggested"), a resume without input is ACCEPTed, and
#           the flow goes on with folder = "/suggested"; without initial data the same resume is REJECTed.
# Matters:  a press on Resume, or a script that resumes, approves what nobody looked at: a model is deployed, a robot's
#           recordings are taken, from a value that was meant as a hint.
# Instead:  suggest nothing for what must be said (put hints into the form's description), and have one field that has
#           no default.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install prefect==3.9.1
export PREFECT_HOME="$work/prefect" DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_LOGGING_LEVEL=CRITICAL
"$python" -P - <<'PY'
from contextlib import suppress
from importlib.metadata import version

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.states import Pending
from prefect.testing.utilities import prefect_test_harness


class Approval(RunInput):
    folder: str


got = []


@flow(name="waits")
def waits(suggest: bool):
    form = Approval.with_initial_data(folder="/suggested") if suggest else Approval
    got.append(suspend_flow_run(wait_for_input=form, key="asked").folder)


def resumed(client, deployment, suggest):
    """What the server says to a resume without input, and what the flow then has."""
    run = client.create_flow_run_from_deployment(
        deployment, parameters={"suggest": suggest}, state=Pending()
    )
    got.clear()
    with suppress(Pause):
        run_flow(waits, flow_run=run, parameters=run.parameters)
    answer = client.resume_flow_run(run.id).status.value
    if answer == "ACCEPT":
        run_flow(waits, flow_run=client.read_flow_run(run.id), parameters=run.parameters)
    return answer, [*got]


with prefect_test_harness(server_startup_timeout=240), get_client(sync_client=True) as client:
    deployment = client.create_deployment(client.create_flow(waits), "waits")
    plain, suggested = (resumed(client, deployment, suggest) for suggest in (False, True))
print("prefect", version("prefect"))
print("expected: a resume without input fails, whatever was suggested")
print(f"seen:     without initial data {plain}, with it {suggested}")
if (plain, suggested) != (("REJECT", []), ("ACCEPT", ["/suggested"])):
    raise SystemExit("changed: a resume without input is answered otherwise")
print("holds: a suggestion is taken for an answer")
PY
