import re
import subprocess
from pathlib import Path

import pytest

from tasks.environment import ELSEWHERE, Environment, unknown_variables
from tasks.settings import load_settings
from xsim_core.errors import BadInputError


def test_defaults_lie_below_the_working_directory(monkeypatch, tmp_path):
    for name in ("XSIM_HOME", "XSIM_STORE", "XSIM_DEVICE", "XSIM_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / ".xsim"
    assert settings.store_url == (tmp_path / ".xsim" / "store").as_uri()
    assert settings.runtime.device == "cpu"


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("XSIM_HOME", str(tmp_path / "a folder"))
    monkeypatch.setenv("XSIM_WORKERS", "3")
    settings = load_settings()
    assert settings.store_url == (tmp_path / "a folder" / "store").as_uri()
    assert settings.runtime.num_workers == 3
    monkeypatch.setenv("XSIM_STORE", "s3://bucket/prefix")
    assert load_settings().store_url == "s3://bucket/prefix"


@pytest.mark.parametrize("text", ["gpu", "cuda:x", "0"])
def test_devices_that_are_none_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_DEVICE", text)
    with pytest.raises(BadInputError, match=f"XSIM_DEVICE is '{text}'. Give cpu"):
        load_settings()


@pytest.mark.parametrize("variable", ["DEVICE", "POOLS", "STAGE_TIMEOUT_S", "TASK_RUNNER"])
@pytest.mark.parametrize("text", ["a\udcff", "a\u2028b", "a\nb"])
def test_what_is_no_text_is_refused_in_one_line(monkeypatch, variable, text):
    monkeypatch.setenv(f"XSIM_{variable}", text)
    with pytest.raises(BadInputError, match=rf"^XSIM_{variable} is 'a.*Type it anew\.$") as caught:
        load_settings()
    assert str(caught.value).isascii()


@pytest.mark.parametrize("text", ["0", "-1", "two"])
def test_nonsense_workers_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_WORKERS", text)
    with pytest.raises(BadInputError, match="XSIM_WORKERS"):
        load_settings()


def test_each_stage_may_have_a_limit_of_its_own(monkeypatch):
    monkeypatch.delenv("XSIM_STAGE_TIMEOUT_S", raising=False)
    assert load_settings().timeout_of("ppo") is None
    monkeypatch.setenv("XSIM_STAGE_TIMEOUT_S", "3600,ppo=7200")
    assert load_settings().timeout_of("scan") == 3600
    assert load_settings().timeout_of("ppo") == 7200


@pytest.mark.parametrize("text", ["soon", "0", "-5", "ppo=", "=5", "nan"])
def test_limits_that_are_none_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_STAGE_TIMEOUT_S", text)
    with pytest.raises(BadInputError, match="XSIM_STAGE_TIMEOUT_S"):
        load_settings()


def test_a_limit_without_processes_is_refused(monkeypatch):
    monkeypatch.setenv("XSIM_STAGE_TIMEOUT_S", "60")
    monkeypatch.setenv("XSIM_STAGE_PROCESSES", "0")
    with pytest.raises(BadInputError, match="cannot be ended"):
        load_settings()


def test_stages_are_routed_by_name(monkeypatch):
    monkeypatch.delenv("XSIM_POOLS", raising=False)
    assert load_settings().pools == {}
    monkeypatch.setenv("XSIM_POOLS", "ppo=xsim-gpu,pose_track=xsim-foundationpose")
    assert load_settings().pools == {"ppo": "xsim-gpu", "pose_track": "xsim-foundationpose"}


@pytest.mark.parametrize("text", ["ppo", "ppo=", "=xsim-gpu"])
def test_routes_to_nowhere_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_POOLS", text)
    with pytest.raises(BadInputError, match="XSIM_POOLS"):
        load_settings()


def test_a_cluster_is_named_by_its_address(monkeypatch):
    monkeypatch.delenv("XSIM_TASK_RUNNER", raising=False)
    assert load_settings().task_runner == "threads"
    monkeypatch.setenv("XSIM_TASK_RUNNER", "dask=tcp://scheduler:8786")
    settings = load_settings()
    assert (settings.task_runner, settings.task_runner_address) == ("dask", "tcp://scheduler:8786")


@pytest.mark.parametrize("text", ["process", "dask=", "threads=3", "=tcp://x:1"])
def test_task_runners_that_are_none_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_TASK_RUNNER", text)
    with pytest.raises(BadInputError, match="XSIM_TASK_RUNNER"):
        load_settings()


@pytest.mark.parametrize("variable", ["XSIM_POOLS=ppoo=xsim-gpu", "XSIM_STAGE_TIMEOUT_S=ppoo=60"])
def test_a_stage_that_is_a_slip_is_refused(monkeypatch, variable):
    monkeypatch.setenv(*variable.split("=", 1))
    with pytest.raises(BadInputError, match="did you mean 'ppo'"):
        load_settings()


def test_a_refused_value_says_what_which_and_what_instead(monkeypatch):
    monkeypatch.setenv("XSIM_WORKERS", "two")
    with pytest.raises(BadInputError) as caught:
        load_settings()
    assert str(caught.value) == "XSIM_WORKERS is 'two'. Give a whole number of at least 1."


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("XSIM_STROE", "XSIM_STORE"),
        ("XSIM_WORKER", "XSIM_WORKERS"),
        ("XSIM_CASHE", "XSIM_CACHE"),
        ("XSIM_TIMEOUT_S", "XSIM_STAGE_TIMEOUT_S"),
    ],
)
def test_a_variable_that_is_a_slip_is_refused(monkeypatch, slip, meant):
    monkeypatch.setenv(slip, "1")
    with pytest.raises(BadInputError, match=f"{slip}, which nobody reads. Did you mean {meant}"):
        load_settings()


def test_variables_of_others_are_left_alone(monkeypatch):
    # What Kubernetes gives every container of a namespace that has a service of this name.
    for name in ("XSIM_SERVICE_HOST", "XSIM_PORT", "XSIM_PORT_80_TCP_ADDR"):
        monkeypatch.setenv(name, "10.0.0.1")
    load_settings()
    assert unknown_variables() == ["XSIM_PORT", "XSIM_PORT_80_TCP_ADDR", "XSIM_SERVICE_HOST"]


def test_every_variable_that_the_code_names_is_known():
    # One that is not would be taken for a slip of another.
    root = Path(__file__).parents[2]
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True)
    named = {
        name
        for path in map(root.joinpath, listed.stdout.split())
        if path.suffix in {".py", ".sh", ".yaml", ""} and path != Path(__file__)
        for name in re.findall(r"XSIM_[A-Z0-9_]*[A-Z0-9]", path.read_text(errors="replace"))
    }
    known = {f"XSIM_{name.upper()}" for name in (*Environment.model_fields, *ELSEWHERE)}
    examples = {"XSIM_SERVICE_HOST"}
    assert named - known <= examples


def test_no_shards_are_refused(monkeypatch):
    monkeypatch.setenv("XSIM_RENDER_SHARDS", "0")
    with pytest.raises(BadInputError, match="XSIM_RENDER_SHARDS"):
        load_settings()
