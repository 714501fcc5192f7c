"""flows/prefect_server/suspension.py, on a real server: what Prefect makes of a run that waits."""

import json

import pytest

from tests.flows.conftest import run_python


@pytest.fixture(scope="module")
def found(prefect_home, tmp_path_factory):
    """What came of each step of ``tests.flows.scripts.toy_waiting``."""
    folder = tmp_path_factory.mktemp("brought") / "rollouts"
    folder.mkdir()
    (folder / "rollout_0000.rollout").write_bytes(b"recorded")
    done = run_python(prefect_home, "-m", "tests.flows.scripts.toy_waiting", str(folder))
    assert done.returncode == 0, done.stderr[-3000:]
    return {"folder": str(folder)} | json.loads(done.stdout)


def test_a_flow_run_that_cannot_be_suspended_ends_and_says_what_it_waits_for(found):
    assert found["without a deployment"] == ["waiting", "Awaits rollouts", True]


def test_one_of_a_deployment_is_suspended_and_status_says_the_same(found):
    assert found["first"][0] == "Suspended"
    assert found["record"]["state"] == "waiting"
    act = "xsim robot run --policy suspended:diffusion --out rollouts --episodes 10"
    assert act in found["record"]["awaits"]
    assert any(act in page for page in found["pages"])


def test_it_is_not_resumed_without_rollouts(found):
    assert found["resumed without a word"] == ["REJECT", "Suspended"]


def test_what_is_no_recording_is_asked_for_again_with_the_reason(found):
    assert found["what is none"][0] == "Suspended"
    assert any("holds no recordings" in page for page in found["pages"])


def test_recordings_that_arrive_resume_it_once_and_the_run_is_made(found):
    assert found["inbox"] == "suspended is resumed"
    assert found["again"] == "suspended is resumed and waits for a worker"
    assert found["last"][0] == "Completed"
    assert found["ended"]["state"] == "completed"
    assert found["ended"]["request"]["rollouts"] == found["folder"]
    assert found["ended"]["awaits"] == ""


def test_one_whose_track_a_person_should_look_at_is_suspended_and_says_so(found):
    assert found["doubtful"][0] == "Suspended"
    record = found["doubtful's record"]
    assert (record["state"], record["awaits_what"]) == ("waiting", "review")
    look = "xsim track review doubtful"
    assert look in record["awaits"]
    assert any(look in page for page in found["review pages"])


def test_what_is_no_review_is_asked_for_again_and_with_one_it_goes_on_to_the_robot(found):
    assert found["no review"][0] == "Suspended"
    assert any("'I looked' is neither ask nor skip" in page for page in found["review pages"])
    assert found["resumed"] is True
    assert found["reviewed"][::2] == ["Suspended", "rollouts"]
    robot = "xsim robot run --policy doubtful:diffusion"
    made, record = found["both"]
    pages = [page for page in found["pages"] if robot in page]
    assert pages
    assert all(f"--review {made} --rollouts" in page for page in pages)
    assert found["after both"][0] == "Completed"
    assert record["request"]["review"] == made
    assert record["request"]["rollouts"] == found["folder"]


def test_a_run_that_goes_on_elsewhere_leaves_nothing_suspended(found):
    assert found["is suspended"]
    name, message, state = found["went on by hand"]
    assert (name, state) == ("Continued", "completed")
    assert "goes on in flow run" in message


def test_one_that_could_not_be_suspended_is_submitted_with_what_arrived(found):
    assert found["submitted"] == "by-hand goes on in flow "
