"""What work pools start runs in; templates of containers need an extra, else they are skipped."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from flows.prefect_server.checkout import enter_checkout
from flows.prefect_server.pools import PoolRequest, _environment, check, job_template
from xsim_core.errors import BadInputError, MissingDependencyError

BUCKET = "s3://laboratory/xsim"
KEYS = {"AWS_ACCESS_KEY_ID": "canary-id", "AWS_SECRET_ACCESS_KEY": "canary-key"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("XSIM_STORE", "XSIM_POOLS", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def extra(kind):
    if importlib.util.find_spec(f"prefect_{kind}") is None:
        pytest.skip(f"needs the extra: pip install '.[{kind}]'")


def test_containers_without_a_store_that_they_reach_are_refused(environment):
    check(PoolRequest())
    for kind in ("docker", "kubernetes"):
        with pytest.raises(BadInputError, match="XSIM_STORE"):
            check(PoolRequest(kind=kind))
    check(PoolRequest(kind="docker", volumes=("/lab:/data",)))
    with pytest.raises(BadInputError):
        check(PoolRequest(kind="kubernetes", volumes=("/lab:/data",)))
    environment.setenv("XSIM_STORE", "file:///here")
    with pytest.raises(BadInputError):
        check(PoolRequest(kind="docker"))
    inside = {"XSIM_STORE": "file:///data/other"}
    with pytest.raises(BadInputError):
        check(PoolRequest(kind="docker", environment=inside))
    check(PoolRequest(kind="docker", environment=inside, volumes=("/lab:/data",)))
    environment.setenv("XSIM_STORE", BUCKET)
    check(PoolRequest(kind="kubernetes"))


def test_a_folder_of_this_machine_is_not_handed_on_and_one_of_the_container_is(environment):
    environment.setenv("XSIM_STORE", "file:///here")
    assert "XSIM_STORE" not in _environment(PoolRequest(kind="docker"))
    inside = {"XSIM_STORE": "file:///data/other"}
    given = _environment(PoolRequest(kind="docker", environment=inside, volumes=("/lab:/data",)))
    assert given["XSIM_STORE"] == "file:///data/other"


def test_a_worker_that_is_not_installed_is_named(environment):
    environment.setitem(sys.modules, "prefect_docker.worker", None)
    with pytest.raises(MissingDependencyError, match=r"\.\[docker\]"):
        job_template(PoolRequest(kind="docker"), "xsim-cpu")
    assert job_template(PoolRequest(), "xsim-cpu") == {}


def template_of(python, prefect_home, request, **environment):
    """The template, in a process of its own: Prefect's workers look for a server when imported."""
    code = (
        "import json, sys; from flows.prefect_server.server import find_server, use_server\n"
        "from tasks.settings import load_settings; home = load_settings().home\n"
        "use_server(home, find_server(home))\n"
        "from flows.prefect_server.pools import PoolRequest, job_template\n"
        "print(json.dumps(job_template(PoolRequest.model_validate_json(sys.argv[1]), 'xsim-gpu')))"
    )
    done = python(prefect_home, "-c", code, request.model_dump_json(), **environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "canary" not in done.stdout
    return json.loads(done.stdout.splitlines()[-1])


def test_a_process_is_prefects_engine_and_no_other_process_before_it(prefect_home, python):
    code = (
        "import json; from flows.prefect_server.server import find_server, use_server\n"
        "from tasks.settings import load_settings; home = load_settings().home\n"
        "use_server(home, find_server(home))\n"
        "from flows.prefect_server.pools import process_template\n"
        "print(json.dumps(process_template()))"
    )
    done = python(prefect_home, "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]
    template = json.loads(done.stdout.splitlines()[-1])
    assert template["variables"]["properties"]["command"]["default"] == "python -m prefect.engine"
    assert template["job_configuration"]["command"] == "{{ command }}"


def test_a_docker_run_has_its_image_its_volumes_and_no_keys(prefect_home, python):
    extra("docker")
    request = PoolRequest(
        kind="docker", image="lab/{pool}:7", volumes=("/lab:/data",), environment={"A": "b"}
    )
    template = template_of(python, prefect_home, request, XSIM_STORE="file:///here")
    defaults = {k: v.get("default") for k, v in template["variables"]["properties"].items()}
    assert defaults["image"] == "lab/xsim-gpu:7"
    assert defaults["volumes"] == ["/lab:/data"]
    assert defaults["env"] == {"A": "b", "PREFECT_HOME": "/tmp/prefect"}


def test_a_kubernetes_job_runs_prefects_command_and_reads_the_secret(prefect_home, python):
    extra("kubernetes")
    template = template_of(python, prefect_home, PoolRequest(kind="kubernetes"), XSIM_STORE=BUCKET)
    defaults = {k: v.get("default") for k, v in template["variables"]["properties"].items()}
    assert defaults["image"] == "xsim-gpu:latest"
    assert defaults["env"] == {"XSIM_STORE": BUCKET, "PREFECT_HOME": "/tmp/prefect"}
    pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["command"], container["args"]) == (["/usr/bin/env"], "{{ command }}")
    assert container["envFrom"] == [{"secretRef": {"name": "xsim", "optional": True}}]


def test_a_deployed_flow_works_in_the_folder_of_its_code(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Path(enter_checkout()["directory"]) == Path.cwd() == Path(__file__).parents[3]
