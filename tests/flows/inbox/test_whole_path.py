"""A capture in the inbox becomes a report by way of a robot, in one flow run, on a real server."""

import json

import pytest


@pytest.mark.slow
def test_from_the_inbox_by_way_of_a_robot_to_the_report(prefect_home, tmp_path, python):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    done = python(prefect_home, "-m", "tests.flows.inbox.whole_path", str(inbox))
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["student made"] == ["Suspended", "waiting"]
    assert f"--policy {found['name']}:diffusion" in found["awaits"]
    assert found["brought"] == {"monday": f"{found['name']} is resumed"}
    assert found["report made"] == ["Completed", "completed"]
    assert {"diffusion", "ingest_rollouts", "calibrate", "evaluate"} <= set(found["stages"])
    assert "deploy" not in found["stages"]
    assert found["rollouts"] == str(inbox / "monday")
    assert found["runs"] == 1, "nothing begins anew"
    assert found["reports"]
    assert min(found["reports"]) > 10_000
