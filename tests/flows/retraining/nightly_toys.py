"""Two nights over toy stages on the real server: python -m tests.flows.retraining.nightly_toys.

A candidate's skill is written into the night: 1 equals the first policy, 2 is worse, 3 better.
"""

import json
import sys

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

import numpy as np  # noqa: E402
from prefect import task  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402

import flows.executors  # noqa: E402
from flows.retraining.nightly import nightly  # noqa: E402
from tasks.engine.execution import TASK_POLICY, execute  # noqa: E402
from tests.flows.toys import RATES, SUMMARIES, ToyConfig, make_toy_run, toy_stage  # noqa: E402
from xsim_core.artifacts import Evaluation  # noqa: E402
from xsim_core.evaluate import STUDENTS  # noqa: E402
from xsim_core.promotion import history, rollback  # noqa: E402
from xsim_core.runs import RunRecord, RunRequest, save_record  # noqa: E402
from xsim_core.storage import local_path  # noqa: E402

SKILL = {0: 0.6, 1: 0.6, 2: 0.2, 3: 1.0, 4: 1.0}
DARK = 4
"""A night in which nothing succeeds."""
evaluated = []


def compare(*, config, out, student, calibrated, **inputs):
    """Trials of the current policy and of the candidate, as skilled as their nights say."""
    rng = np.random.default_rng(config.seed)
    evaluated.append(config.seed)
    luck = rng.random(30)
    for row, policy in zip(STUDENTS["promotion"], (student, calibrated), strict=True):
        night = policy.manifest.config["seed"]
        out.write(f"success/{row}_real", luck < SKILL[night] * (config.seed < DARK * 1000))
        out.write(f"progress/{row}_real", np.zeros(30, np.float32))
    return Evaluation(**{**SUMMARIES[Evaluation], "rates": RATES})


def toy_task(name):
    changes = {"run": compare} if name == "evaluate" else {}
    stage = toy_stage(name, **changes)

    @task(name=name, **TASK_POLICY)
    def run(*, config, **inputs):
        return execute(stage, ToyConfig(seed=getattr(config, "seed", 0)), inputs)

    return run


flows.executors.task_of = toy_task
_, refs = make_toy_run(local_path(settings.store_url).parent)
store = settings.open_store()
save_record(
    store,
    RunRecord(
        name="kitchen", request=RunRequest(capture="kitchen"), stages=refs, state="completed"
    ),
)

nights = [nightly(night=n, preset="debug")[0] for n in range(4)]
pointer = nights[0]["pointer"]
went = [(n["decision"] or {}).get("action", "first") for n in nights]
back = rollback(store, pointer)
entries = history(store, pointer)
first_seeds = list(evaluated)
again = nightly(night=3, preset="debug")[0]["decision"]
dark = nightly(night=DARK, preset="debug")[0]["decision"]
left = history(store, pointer)[-1].number
with get_client(sync_client=True) as client:
    artifacts = client.request("POST", "/artifacts/filter", json={"limit": 200}).json()
pages = [a["data"] for a in artifacts if a["key"] == "promotion"]
json.dump(
    {
        "pointer": pointer,
        "went": went,
        "reasons": [e.reason for e in entries],
        "pairs": [(n["decision"] or {}).get("num_pairs", 0) for n in nights],
        "back_is_an_earlier_one": back.ref == entries[-3].ref,
        "again": again,
        "dark": dark,
        "left": left,
        "numbers": [e.number for e in entries],
        "seeds": first_seeds,
        "pages": len(pages),
        "page": pages[-1],
        "evidence": [str(r) for r in entries[1].evaluations],
        "decisions": store.list_records("decisions"),
        "of_night_3": [store.get_record(f"decisions/{pointer}/{n}.json") for n in ("3", "3-2")],
    },
    sys.stdout,
)
