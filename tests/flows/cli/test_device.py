"""--device and XSIM_DEVICE on the command line: refused before anything is begun."""

import pytest

from flows.cli.orchestration.deploy import Worker
from flows.cli.runs.launch import _check_device
from flows.cli.runs.run import Demo
from tasks.settings import load_settings
from xsim_core.errors import BadInputError, MissingDependencyError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_HOME", str(tmp_path))
    monkeypatch.setenv("XSIM_DEVICE", "cpu")
    return tmp_path


def test_what_is_no_device_is_refused(home):
    with pytest.raises(BadInputError, match=r"XSIM_DEVICE is 'tpu'. Give cpu, auto, cuda"):
        Demo(device="tpu").run()
    assert not list(home.iterdir())


def test_a_device_given_as_an_option_counts_more_than_the_variable(monkeypatch):
    begun = []
    monkeypatch.setattr(
        "flows.sources.synthesise_demo", lambda settings, *_, **__: begun.append(settings)
    )
    monkeypatch.setattr(
        "flows.cli.runs.launch.launch", lambda request, settings, *_, **__: begun.append(settings)
    )
    monkeypatch.setattr("flows.cli.runs.run._print_outcome", lambda *_, **__: 0)
    assert Demo(device="cuda:3").run() == 0
    assert {settings.runtime.device for settings in begun} == {"cuda:3"}


def test_a_run_does_not_begin_what_its_device_could_not_end(monkeypatch):
    monkeypatch.setenv("XSIM_DEVICE", "cuda:99")
    settings = load_settings()
    with pytest.raises(MissingDependencyError, match="'cuda:99' was asked for"):
        _check_device(["scan", "ppo"], settings)
    _check_device(["scan", "splat"], settings)  # Nothing on it is to be made.
    elsewhere = settings.model_copy(update={"pools": {"ppo": "xsim-gpu"}})
    _check_device(["scan", "ppo"], elsewhere)  # The worker there has a device of its own.


def test_a_worker_without_its_device_takes_nothing(monkeypatch, home):
    monkeypatch.setenv("XSIM_DEVICE", "cuda:99")
    with pytest.raises(MissingDependencyError, match="'cuda:99' was asked for"):
        Worker("xsim-gpu").run()
    assert not (home / "prefect").exists()
