"""A request is made definite once, and a capture's bytes are hashed once."""

import io
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.cli.progress import Display
from flows.cli.runs.launch import alone, launch
from flows.executors import InProcess
from flows.pipeline import ingest
from flows.requests import handed_on, resolve
from flows.runs import recorded
from tasks.engine.observer import Silent
from tasks.settings import load_settings
from tests.capture.conftest import TINY
from xsim_core.capture import synthesize_capture, truth_folder
from xsim_core.capture.identity import COARSEST_TIMES_S
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import RunRecord, RunRequest, list_runs, load_record, save_record

pytestmark = pytest.mark.vulkan
opened: list[str] = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)


@pytest.fixture(scope="module")
def tiny_capture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captures") / "tiny"
    synthesize_capture(folder, TINY)
    return folder


@pytest.fixture
def capture_copy(tiny_capture, tmp_path):
    """With its truth and its world beside it, as people have them."""
    shutil.copytree(tiny_capture.parent, tmp_path / "copies")
    return tmp_path / "copies" / "tiny"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XSIM_STORE", raising=False)
    return tmp_path / "home"


def taken_in(resolved):
    settings = load_settings()
    store = settings.open_store()
    record = RunRecord(name=resolved.name, request=resolved.request)
    with recorded(store, record) as recorder:
        ingest(InProcess(store, settings.runtime, Silent(), recorder), resolved.sources)
    return load_record(store, resolved.name)


def test_a_captures_bytes_are_hashed_once(home, capture_copy):
    time.sleep(COARSEST_TIMES_S)  # Files changed a moment ago are hashed again: see git's "racy".
    photo = str(capture_copy / "photos" / "0000.jpg")
    world = str(truth_folder(capture_copy) / "world.json")
    request = RunRequest(name="copy", capture=str(capture_copy), overrides={"ppo": {"seed": 3}})
    opened.clear()
    resolved = resolve(request)
    # Truth and world are two artifacts from one folder; both know it by the one digest.
    assert (opened.count(photo), opened.count(world)) == (1, 1)
    sources = resolved.sources
    for config in filter(None, (sources.capture, sources.truth, sources.world)):
        config.check_unchanged()
    assert (opened.count(photo), opened.count(world)) == (1, 1), "what ingest does before reading"
    record = taken_in(resolved)
    assert record.request == request
    opened.clear()
    assert taken_in(resolve(request)).stages == record.stages
    assert opened.count(photo) == opened.count(world) == 0


def test_a_capture_that_changed_after_it_was_resolved_is_refused(home, capture_copy):
    time.sleep(COARSEST_TIMES_S)
    resolved = resolve(RunRequest(capture=str(capture_copy)))
    assert resolved.sources.capture.stamp is not None
    photo = capture_copy / "photos" / "0000.jpg"
    photo.write_bytes((capture_copy / "photos" / "0001.jpg").read_bytes())
    with pytest.raises(BadInputError, match="changed after it was submitted"):
        taken_in(resolved)


def test_what_the_caller_resolved_is_taken_by_the_flow_it_calls_and_by_no_other(home, capture_copy):
    resolved = resolve(RunRequest(name="a", capture=str(capture_copy)))
    with handed_on(resolved):
        assert resolve(RunRequest(name="a", capture=str(capture_copy), overrides=None)) is resolved
        other = resolve(RunRequest(name="a", capture=str(capture_copy), preset="debug"))
        assert other.config != resolved.config
    assert resolve(resolved.request) is not resolved


def test_what_a_request_cannot_be_is_said_before_the_capture_is_read(home, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'demo'"):
        resolve(RunRequest(capture=str(tmp_path), preset="deom"))
    with pytest.raises(BadInputError, match="is not a folder"):
        resolve(RunRequest(capture=str(tmp_path / "none")))


def test_a_name_that_another_took_while_this_one_waited_is_not_taken_twice(home, capture_copy):
    settings = load_settings()
    store = settings.open_store()
    request = RunRequest(capture=str(capture_copy), preset="debug")
    other = RunRequest(capture="/elsewhere/tiny", preset="debug", overrides={"ppo": {"seed": 3}})
    assert other.run_name == request.run_name
    lock, said = settings.home / "locks" / f"{request.run_name}.lock", io.StringIO()
    with ThreadPoolExecutor(1) as pool, Display([], stream=said) as display:
        with alone(lock, display.note):
            waiting = pool.submit(
                launch, request, settings, display, use_prefect=False, until="ingest_capture"
            )
            while "waiting for it" not in said.getvalue():
                time.sleep(0.05)
            save_record(store, RunRecord(name=other.run_name, request=other, state="completed"))
        outcome = waiting.result(timeout=100)
    assert outcome.record.name.startswith(f"{request.run_name}-")
    assert list(outcome.record.stages) == ["ingest_capture"]
    assert load_record(store, other.run_name).request == other


def test_a_stage_that_the_chain_lacks_is_refused_by_the_flow_before_it_runs(home, capture_copy):
    from flows.xsim import xsim

    with pytest.raises(UnknownNameError, match="Did you mean 'calibrate'"):
        xsim.fn(str(capture_copy), preset="debug", until="calibrat")
    with pytest.raises(UnknownNameError, match="stage of this run to make anew 'ppo'"):
        xsim.fn(str(capture_copy), preset="debug", until="scan", anew=["ppo"])
    assert list_runs(load_settings().open_store()) == []


def test_the_flows_parameters_are_those_of_a_request():
    from flows.xsim import xsim

    assert set(xsim.parameters.properties) - {"until"} == set(RunRequest.model_fields)
    assert Path(xsim.fn.__code__.co_filename).name == "xsim.py"
