"""``xsim run --until STAGE``: the beginning of the chain, on a capture that is really read."""

import json
import signal

import pytest

from flows.cli.main import main
from flows.executors import up_to
from xsim_core.runs import load_record
from xsim_core.storage import ArtifactStore


@pytest.fixture
def xsim(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("XSIM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XSIM_STORE", raising=False)

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--json"])
        return left.value.code, json.loads(capsys.readouterr().out)

    handler = signal.getsignal(signal.SIGTERM)
    yield call
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.vulkan
def test_a_run_stops_after_the_stage_and_ingest_ends_its_record(xsim, tmp_path, tiny_capture):
    folder = tiny_capture
    store = ArtifactStore((tmp_path / "home" / "store").as_uri())
    code, ingested = xsim("capture", "ingest", str(folder))
    assert code == 0
    assert load_record(store, "ingest-tiny").state == "completed"
    code, answer = xsim("run", str(folder), "--no-prefect", "--until", "ingest_truth")
    assert (code, answer["state"], answer["num_reused"]) == (0, "completed", 2)
    assert answer["stages"] == {f"ingest_{k}": ingested[k] for k in ("capture", "truth")}
    code, refused = xsim("run", str(folder), "--no-prefect", "--until", "ingest_trth")
    assert code == 1
    assert "Did you mean 'ingest_truth'?" in refused["error"]["message"]
    code, refused = xsim("run", str(folder), "--no-prefect", "--until", "calibrat")
    assert "Did you mean 'calibrate'?" in refused["error"]["message"]


class _Named:
    def __init__(self, name):
        self.name = name


def test_nothing_after_the_stage_is_carried_out():
    made = []

    def call(stage, config, **inputs):
        made.append(stage.name)
        return stage.name

    def page(execute):
        return [execute(_Named(name), None) for name in ("a", "b", "c")]

    assert up_to("b", call, page) is None
    assert made == ["a", "b"]
    assert up_to(None, call, page) == ["a", "b", "c"]


def test_errors_of_a_stage_pass():
    def call(stage, config, **inputs):
        raise ValueError(stage.name)

    with pytest.raises(ValueError, match="a"):
        up_to("a", call, lambda execute: execute(_Named("a"), None))
