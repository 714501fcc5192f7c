import pytest

from tasks.settings import load_settings
from xsim_core.errors import BadInputError


def test_defaults_lie_below_the_working_directory(monkeypatch, tmp_path):
    for name in ("XSIM_HOME", "XSIM_STORE", "XSIM_DEVICE", "XSIM_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / ".xsim"
    assert settings.store_path == tmp_path / ".xsim" / "store"
    assert settings.runtime.device == "cpu"


def test_the_environment_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("XSIM_HOME", str(tmp_path / "a folder"))
    monkeypatch.setenv("XSIM_WORKERS", "3")
    settings = load_settings()
    assert settings.store_path == tmp_path / "a folder" / "store"
    assert settings.runtime.num_workers == 3
    monkeypatch.setenv("XSIM_STORE", "s3://bucket/prefix")
    assert load_settings().store_path is None


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


def test_shards_share_the_cores_of_this_machine(monkeypatch):
    monkeypatch.setenv("XSIM_WORKERS", "8")
    monkeypatch.setenv("XSIM_RENDER_SHARDS", "3")
    monkeypatch.delenv("XSIM_TASK_RUNNER", raising=False)
    settings = load_settings()
    assert settings.runtime_of("render_shard").num_workers == 2
    assert settings.runtime_of("splat").num_workers == 8
    monkeypatch.setenv("XSIM_TASK_RUNNER", "dask=tcp://scheduler:8786")
    settings = load_settings()
    assert (settings.task_runner, settings.task_runner_address) == ("dask", "tcp://scheduler:8786")
    assert settings.runtime_of("render_shard").num_workers == 8


@pytest.mark.parametrize("text", ["process", "dask=", "threads=3", "=tcp://x:1"])
def test_task_runners_that_are_none_are_refused(monkeypatch, text):
    monkeypatch.setenv("XSIM_TASK_RUNNER", text)
    with pytest.raises(BadInputError, match="XSIM_TASK_RUNNER"):
        load_settings()


def test_no_shards_are_refused(monkeypatch):
    monkeypatch.setenv("XSIM_RENDER_SHARDS", "0")
    with pytest.raises(BadInputError, match="XSIM_RENDER_SHARDS"):
        load_settings()
