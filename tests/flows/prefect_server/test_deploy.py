import json
import stat
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from flows.cli.orchestration.deploy import _check_pool
from flows.prefect_server.backfill import plan_backfill
from flows.prefect_server.deploy import _deployments
from flows.prefect_server.server import auth_path, auth_string, find_server, log_path
from tests.flows.toys import make_toy_run
from tests.waiting import PATIENCE_S
from xsim_core.errors import MissingDependencyError, UnknownNameError
from xsim_core.runs import RunRecord, RunRequest, save_record


@pytest.fixture(scope="module")
def deployed(prefect_home):
    from tests.flows.conftest import run_python

    done = run_python(prefect_home, "-m", "tests.flows.prefect_server.deploy_twice")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_deploying_again_changes_nothing(deployed):
    first, second = deployed["after"]
    assert first == second


def test_everything_that_a_laboratory_needs_is_there(deployed):
    there = deployed["after"][0]
    assert there["pools"] == ["xsim-cpu", "xsim-foundationpose", "xsim-gpu"]
    assert {"new-video", "scan-inbox", "nightly"} <= set(there["deployments"])
    assert there["automations"] == ["xsim: a capture arrived", "xsim: runs whose process died"]
    assert ["xsim-gpu", 1] in there["limits"]
    assert there["queues"] == [["runs", 1]]
    assert there["zones"] == ["Europe/Berlin"]


def test_a_worker_of_no_pool_is_refused(deployed, prefect_home):
    server = find_server(prefect_home)
    _check_pool(prefect_home, server, "xsim-gpu")
    with pytest.raises(UnknownNameError, match="Did you mean 'xsim-cpu'"):
        _check_pool(prefect_home, server, "xsim-cpuu")


def test_what_has_a_schedule_is_scheduled(deployed):
    # With SQLAlchemy 2.1 Prefect's scheduler fails on every round, and says so in its log only.
    assert deployed["scheduled"] > 0


def test_a_flow_that_cannot_be_imported_is_named_with_the_reason_and_the_mend(tmp_path):
    package = tmp_path / "toy_broken"
    package.mkdir()
    (package / "helper.py").write_text("import math\nimport no_such_package\n")
    (package / "good.py").write_text("from prefect import flow\n\n@flow\ndef good(): ...\n")
    (package / "bad.py").write_text("from .helper import absent\n")
    (tmp_path / "prefect.yaml").write_text(
        "deployments:\n"
        "  - {name: fine, entrypoint: 'toy_broken/good.py:good'}\n"
        "  - {name: nightly, entrypoint: 'toy_broken/bad.py:bad'}\n"
    )
    with pytest.raises(MissingDependencyError) as caught:
        _deployments(tmp_path)
    text = str(caught.value)
    assert "toy_broken/bad.py:bad (deployed as nightly): ModuleNotFoundError" in text
    assert f"No module named 'no_such_package' [{package / 'helper.py'}, line 2]" in text
    assert "make setup" in text
    assert "good" not in text


def answer(server, *headers):
    request = Request(f"{server.api_url}/work_pools/filter", b"{}", dict(headers))
    request.add_header("Content-Type", "application/json")
    try:
        return build_opener(ProxyHandler({})).open(request, timeout=PATIENCE_S).status
    except HTTPError as error:
        return error.code


def test_nobody_gets_in_without_the_string(prefect_home):
    import base64

    server = find_server(prefect_home)
    secret = auth_string(prefect_home)
    basic = base64.b64encode(secret.encode()).decode()
    assert answer(server) == 401
    assert answer(server, ("Authorization", f"Basic {basic}")) == 200


def test_the_string_is_readable_by_its_owner_only_and_stays_out_of_logs(prefect_home, tmp_path):
    assert stat.S_IMODE(auth_path(prefect_home).stat().st_mode) == 0o600
    password = auth_string(prefect_home).split(":")[1]
    assert len(password) == 32
    assert password not in log_path(prefect_home).read_text(errors="replace")
    assert password not in (prefect_home / "server.json").read_text()
    assert auth_string(tmp_path) == auth_string(tmp_path) != auth_string(prefect_home)


def test_a_backfill_takes_the_newest_run_of_each_capture(tmp_path):
    store, refs = make_toy_run(tmp_path)
    for name, started in (("old", "2026-01-01"), ("new", "2026-01-02")):
        save_record(
            store,
            RunRecord(
                name=name,
                request=RunRequest(capture="kitchen", preset="full"),
                stages=refs,
                state="completed",
                started=started,
            ),
        )
    planned = plan_backfill(store, "ppo", seed=7, preset="debug")
    assert [p.name for p in planned] == ["new-ppo-7"]
    assert planned[0].overrides == {"ppo": {"seed": 7}}
    assert [
        p.name for p in plan_backfill(store, "diffusion", ("old",), seed=1, preset="debug")
    ] == ["old-diffusion-1"]
    assert plan_backfill(store, "ppo", ("old",), seed=1)[0].preset == "full"
    with pytest.raises(UnknownNameError):
        plan_backfill(store, "pose_track", seed=1, preset="debug")
