"""One dataset through Prefect, as a script.

    python -m tests.flows.scripts.fan_out_run INPUTS EPISODES

Its inputs are given as JSON, refs by name. Prints JSON: the dataset's ref.
"""

import json
import sys

from flows.prefect_server.server import find_server, use_server
from tasks.settings import load_settings

settings = load_settings()
server = find_server(settings.home)
assert server is not None
use_server(settings.home, server)

from prefect import flow  # noqa: E402

from flows.cli.progress import Display  # noqa: E402
from flows.executors import AsTasks  # noqa: E402
from flows.records.recorder import Recorder  # noqa: E402
from tasks.engine.observer import OBSERVER  # noqa: E402
from tests.render_dataset.test_render import small_config  # noqa: E402
from xsim_core.artifacts import ArtifactRef  # noqa: E402
from xsim_core.runs import RunRecord  # noqa: E402
from xsim_core.stages import RENDER_DATASET  # noqa: E402


@flow(name="one-dataset", persist_result=False)
def one_dataset(inputs: dict[str, str], num_episodes: int):
    call = AsTasks(Recorder(settings.open_store(), RunRecord(name="dataset")))
    refs = {name: ArtifactRef.parse(text) for name, text in inputs.items()}
    return call(RENDER_DATASET, small_config(num_episodes), **refs)


if __name__ == "__main__":
    inputs, num_episodes = json.loads(sys.argv[1]), int(sys.argv[2])
    with Display([RENDER_DATASET.name]) as display:
        OBSERVER.set(display)
        json.dump({"ref": str(one_dataset(inputs, num_episodes))}, sys.stdout)
