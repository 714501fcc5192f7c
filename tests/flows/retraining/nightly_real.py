"""Three nights over captures with the real stages.

python -m tests.flows.retraining.nightly_real CAPTURE …

The first night has nobody to beat. The second is lenient, so that few trials decide. The third
enters the second night's candidates again, with the usual margin and too few trials to tell.
"""

import json
import sys

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect.client.orchestration import get_client  # noqa: E402

from flows.real_to_sim import real_to_sim  # noqa: E402
from flows.retraining.nightly import nightly  # noqa: E402
from xsim_core.promotion import history, rollback  # noqa: E402

TRIALS = {"evaluate": {"num_real_trials": 6, "num_sim_trials": 1, "num_teacher_trials": 1}}
SECOND = {stage: {"seed": 2} for stage in ("ppo", "diffusion", "calibrate")}

captures = sys.argv[1:]
for capture in captures:
    real_to_sim(capture, preset="debug", review="skip")
nights = [
    nightly(night=1, preset="debug", overrides=TRIALS),
    nightly(night=2, preset="debug", overrides=TRIALS, margin=0.9, max_pairs=12),
    nightly(night=3, preset="debug", overrides=TRIALS | SECOND, max_pairs=12),
]
store = settings.open_store()
pointers = [row["pointer"] for row in nights[0]]
backs = {p: rollback(store, p, to=1).model_dump(mode="json") for p in pointers}
with get_client(sync_client=True) as client:
    artifacts = client.request("POST", "/artifacts/filter", json={"limit": 200}).json()
json.dump(
    {
        "nights": nights,
        "backs": backs,
        "histories": {p: [e.model_dump(mode="json") for e in history(store, p)] for p in pointers},
        "decisions": store.list_records("decisions"),
        "pages": [a["data"] for a in artifacts if a["key"] == "promotion"],
    },
    sys.stdout,
)
