"""flows/real_to_sim.py and flows/train.py wait for a review, on a real server."""

import json
import shlex

import pytest

from flows.sources import Reviewed
from flows.train import Training
from tests.flows.conftest import run_python
from xsim_core.errors import BadInputError
from xsim_core.runs import FlowCall, RunRequest
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def found(prefect_home):
    """What came of each step of ``tests.flows.scripts.toy_parts``."""
    done = run_python(prefect_home, "-m", "tests.flows.scripts.toy_parts")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_reconstruction_whose_track_a_person_should_look_at_waits(found):
    name, message, record = found["by hand"]
    assert (name, record["state"], record["awaits_what"]) == ("Awaits review", "waiting", "review")
    assert message == record["awaits"]
    assert "xsim track review take-1-debug-real-to-sim;" in message
    words = shlex.split(message.partition("without one: ")[2])
    assert words[:4] == ["prefect", "deployment", "run", "real-to-sim/real-to-sim"]
    again = {"capture": "/videos/take 1", "preset": "debug", "overrides": {}, "review": "skip"}
    assert json.loads(words[-1]) == again


def test_a_deployed_one_is_suspended_and_goes_on_with_the_review(found):
    assert found["part"][0] == "Suspended"
    assert found["part resumed"] is True
    assert found["found"][0] == "Completed"
    record = found["found's record"]
    assert record["state"] == "completed"
    assert record["stages"]["review_track"] == found["made"]
    assert record["stages"]["pose_track"] == found["track"]


def test_training_on_such_a_track_waits_and_goes_on_with_the_reviewed_one(found):
    assert found["training"][0] == "Suspended"
    waits = found["training's record"]
    assert (waits["state"], waits["awaits_what"]) == ("waiting", "review")
    assert "build_sim" not in waits["stages"]
    assert "deployment run train/train" in waits["awaits"]
    assert found["training resumed"] is True
    assert found["trained"][0] == "Completed"
    record = found["trained's record"]
    assert record["state"] == "completed"
    assert record["stages"]["review_track"] == found["made"]
    assert "diffusion" in record["stages"]


def test_what_is_no_review_of_a_training_is_refused(tmp_path):
    store = ArtifactStore(tmp_path / "store")
    call = FlowCall(deployment="train/train", parameters={"run": "x"})
    asked = Training("x", RunRequest(name="x-train"), Reviewed(), call)
    with pytest.raises(BadInputError, match="or skip"):
        asked.reviewed("ask", store)
    with pytest.raises(BadInputError, match="neither ask nor skip"):
        asked.reviewed("I looked", store)
    with pytest.raises(BadInputError, match="takes no rollouts"):
        asked.brings("rollouts")
    assert asked.reviewed(" skip\n", store).request.review == "skip"
