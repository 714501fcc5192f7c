#!/usr/bin/env bash
# Prefect 3.9.1 accepts a parameter that the flow does not have, though the deployment enforces its parameter schema;
# the run is scheduled, and fails on the worker.
#
# Package:  prefect 3.9.1
# Expected: enforce_parameter_schema (true by default): "Whether or not the deployment should enforce the parameter
#           schema" refuses it when the run is created, as it does a parameter of a wrong type.
# Seen:     {"size": "much"} is refused when it is created (409, "'much' is not of type 'integer'"); {"sise": 3} becomes
#           a scheduled run, whose flow raises SignatureMismatchError when a worker carries it out.
# Matters:  a misspelt parameter, or one that the deployed version does not know yet, is noticed by nobody who submits
#           it: run_deployment answers, and the run dies later, elsewhere.
# Instead:  compare the names with the deployment's parameter_openapi_schema["properties"] before submitting.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install prefect==3.9.1
export PREFECT_HOME="$work/prefect" DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_LOGGING_LEVEL=CRITICAL
"$python" -P - <<'PY'
from importlib.metadata import version

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError, SignatureMismatchError
from prefect.flow_engine import run_flow
from prefect.testing.utilities import prefect_test_harness
from prefect.utilities.callables import parameter_schema


@flow(name="sized")
def sized(size: int = 1):
    return size


def created(client, deployment, parameters):
    """The run's first state, or the server's refusal."""
    try:
        run = client.create_flow_run_from_deployment(deployment, parameters=parameters)
    except PrefectHTTPStatusError as error:
        return error.response.status_code, None
    return run.state.name, run


with prefect_test_harness(server_startup_timeout=240), get_client(sync_client=True) as client:
    schema = parameter_schema(sized).model_dump_for_openapi()
    deployment = client.create_deployment(
        client.create_flow(sized), "sized", parameter_openapi_schema=schema
    )
    is_enforced = client.read_deployment(deployment).enforce_parameter_schema
    wrong_type, _ = created(client, deployment, {"size": "much"})
    unknown, run = created(client, deployment, {"sise": 3})
    raised = None
    if run is not None:
        try:
            run_flow(sized, flow_run=run, parameters=run.parameters)
        except SignatureMismatchError as error:
            raised = type(error).__name__
print("prefect", version("prefect"))
print("expected: both are refused when they are created")
print(f"seen:     enforced {is_enforced}; wrong type {wrong_type}; unknown {unknown}, then {raised}")
if (is_enforced, wrong_type, unknown, raised) != (True, 409, "Scheduled", "SignatureMismatchError"):
    raise SystemExit("changed: an unknown parameter is answered otherwise")
print("holds: an unknown parameter becomes a run that fails")
PY
