"""Parts of the chain that wait for a review, on a real server.

    python -m tests.flows.scripts.toy_parts

Every artifact lies in the store already, as toys; the flows and their tasks are the real ones.
"""

import json
import sys
from contextlib import suppress

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

import numpy as np  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.exceptions import Pause  # noqa: E402
from prefect.flow_engine import run_flow  # noqa: E402
from prefect.states import Pending  # noqa: E402

from flows.prefect_server import suspension  # noqa: E402
from flows.prefect_server.suspension import go_on_reviewed  # noqa: E402
from flows.real_to_sim import real_to_sim  # noqa: E402
from flows.requests import handed_on  # noqa: E402
from flows.train import train  # noqa: E402
from tests.flows.test_awaiting import resolved as plainly_resolved  # noqa: E402
from tests.flows.test_review import judged, reviewed  # noqa: E402
from tests.flows.toys import SUMMARIES, sample_arrays  # noqa: E402
from xsim_core.runs import load_record  # noqa: E402
from xsim_core.stages import get_stage  # noqa: E402

suspension.REST_SAID = 1
"""Nobody watches for long enough here."""
store = settings.open_store()


def resolved(**fields):
    """A run whose track is another than those of the other toys."""
    run = plainly_resolved(**fields)
    tracked = run.config.pose_track.model_copy(update={"num_board_frames": 6})
    config = run.config.model_copy(update={"pose_track": tracked})
    return type(run)(run.request, config, run.sources)


def fill(refs):
    """Toys for what is not there."""
    for stage, ref in refs.items():
        if store.manifest(ref) is not None:
            continue
        kind = get_stage(stage).output
        writer = store.begin(ref.kind, ref.fingerprint)
        writer.write_all(sample_arrays(kind.arrays, np.random.default_rng(0)))
        facts = {"stage": stage, "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}
        store.commit(writer, kind(**SUMMARIES[kind]), **facts)


def bringing(text):
    run = resolved(review=text)
    return type(run)(run.request, run.config, run.sources.with_review(text, lambda: store))


fill(resolved().plan(store, until="splat").refs)
track = judged(store, "review", resolved())
made = str(reviewed(store, resolved()))
fill(bringing(made).plan(store, until="diffusion").refs)


def process(client, flow, run):
    """What one process of a flow run comes to."""
    with suppress(Pause), handed_on(resolved()):
        run_flow(flow, flow_run=client.read_flow_run(run.id), parameters=run.parameters)
    state = client.read_flow_run(run.id).state
    return [state.name, state.message or ""]


def record_of(name):
    return load_record(store, name)


PART, TRAINING = "take-1-debug-real-to-sim", "take-1-debug-real-to-sim-train"
given = {"capture": resolved().request.capture, "preset": "debug"}
with handed_on(resolved()):
    ended = real_to_sim(**given, return_state=True)
found = {"by hand": [ended.name, ended.message, record_of(PART).model_dump(mode="json")]}
with get_client(sync_client=True) as client:

    def deployed(flow, parameters):
        made = client.create_deployment(client.create_flow(flow), flow.name, work_pool_name=None)
        return client.create_flow_run_from_deployment(made, parameters=parameters, state=Pending())

    training = deployed(train, {"run": PART, "preset": "debug"})
    found["training"] = process(client, train, training)
    found["training's record"] = record_of(TRAINING).model_dump(mode="json")
    found["training resumed"] = go_on_reviewed(record_of(TRAINING), made)
    found["trained"] = process(client, train, training)
    found["trained's record"] = record_of(TRAINING).model_dump(mode="json")

    part = deployed(real_to_sim, given)
    found["part"] = process(client, real_to_sim, part)
    found["part resumed"] = go_on_reviewed(record_of(PART), made)
    found["found"] = process(client, real_to_sim, part)
    found["found's record"] = record_of(PART).model_dump(mode="json")
(reviewed_ref,) = {record_of(name).stages["review_track"] for name in (PART, TRAINING)}
assert str(reviewed_ref) == made
found["made"], found["track"] = (ref.model_dump(mode="json") for ref in (reviewed_ref, track))
json.dump(found, sys.stdout)
