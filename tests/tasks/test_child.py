"""A stage in a process of its own: what crosses the pipe, and that nothing outlives its end."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from prefect.flows import load_flow_from_entrypoint

from tasks.engine.child import run_in_child, run_job
from tasks.engine.execution import is_retryable
from tasks.engine.limits import END_S, SIDE_BY_SIDE
from tasks.engine.rebuild import rebuild
from tasks.settings import Settings
from tests.processes import is_alive
from tests.tasks.long_stages import Behaviour, find
from tests.tasks.test_execution import failed
from tests.waiting import until
from xsim_core.errors import BadInputError, StageDiedError, StageTimeoutError, UnknownNameError
from xsim_core.storage import Runtime

FIND = "tests.tasks.long_stages:find"


def settings_in(folder, **changes):
    return Settings(
        home=folder, store_url=(folder / "store").as_uri(), runtime=Runtime(), **changes
    )


def start(folder, does, *, progress=lambda fraction, figures: None, **changes):
    config = Behaviour(does=does, notes=folder / "notes")
    settings = settings_in(folder, **changes)
    return run_in_child(find("toy"), config, {}, settings, progress=progress, find=FIND)


def noted(folder):
    return [int(pid) for pid in (folder / "notes").read_text().split()]


def all_gone(folder):
    """Once the stage's processes are, long before its own sleep of minutes ends."""
    return until(lambda: not any(map(is_alive, noted(folder))))


def test_the_artifact_progress_and_prints_come_back(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    heard = []
    ref = start(tmp_path, "work", progress=lambda *said: heard.append(said))
    artifact = settings_in(tmp_path).open_store().open(ref)
    assert artifact.summary.name == "toy"
    assert artifact.manifest.provenance["peak_memory_mb"] > 10
    assert (0.5, {"loss": 0.25}) in heard
    assert "this is work, PYTHONPATH None" in capsys.readouterr().err


def test_stages_side_by_side_share_the_cores(tmp_path, capsys):
    settings = settings_in(tmp_path).model_copy(update={"runtime": Runtime(num_workers=8)})
    for num_stages, num_workers in ((3, 2), (20, 1), (1, 8)):
        config = Behaviour(notes=tmp_path / "notes", seed=num_stages)
        token = SIDE_BY_SIDE.set(num_stages)
        try:
            run_in_child(
                find("toy"),
                config,
                {},
                settings,
                progress=lambda fraction, figures: None,
                find=FIND,
            )
        finally:
            SIDE_BY_SIDE.reset(token)
        assert f"\n{num_workers} workers\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("does", "error", "text"),
    [("bad", BadInputError, "the toy is broken. Mend it."), ("full", OSError, "cannot read")],
)
def test_errors_come_back_as_what_they_were(tmp_path, does, error, text):
    with pytest.raises(error, match=text) as raised:
        start(tmp_path, does)
    assert "long_stages.py" in raised.value.__notes__[0]
    if does == "full":
        assert raised.value.errno == errno.EIO
        assert raised.value.filename == "/dev/null"


@pytest.mark.parametrize(
    ("classes", "arguments", "expected"),
    [
        (["KeyError", "LookupError", "Exception"], ["shelf"], KeyError),
        (["Odd", "ConnectionResetError", "OSError"], [104, "reset"], ConnectionResetError),
        (["UnknownNameError", "XSimError"], ["unknown run"], UnknownNameError),
        (["system", "Popen"], ["rm"], RuntimeError),
        (["KeyboardInterrupt", "BaseException"], [], RuntimeError),
    ],
)
def test_only_known_errors_are_made_from_their_names(classes, arguments, expected):
    text = str(arguments[0]) if arguments else ""
    fields = {"classes": classes, "arguments": arguments, "text": text, "traceback": ""}
    error = rebuild(fields, "scan")
    assert type(error) is expected
    assert text in str(error)


def test_the_end_of_a_night_ends_a_stage_that_may_take_longer(tmp_path):
    token = END_S.set(time.monotonic() + 0.5)
    try:
        with pytest.raises(StageTimeoutError):
            start(tmp_path, "hang", stage_timeout_s={"toy": 1000.0})
    finally:
        END_S.reset(token)


def test_a_timeout_ends_the_whole_group(tmp_path):
    for limit_s in (4.0, 16.0, 64.0):
        with pytest.raises(StageTimeoutError, match="XSIM_STAGE_TIMEOUT_S") as raised:
            start(tmp_path, "hang", stage_timeout_s={"toy": limit_s, "*": 1000.0})
        if (tmp_path / "notes").exists():
            break  # Else the machine was too slow to begin with the stage's own work.
    assert all_gone(tmp_path)
    assert not is_retryable(None, None, failed(raised.value))


def test_ctrl_c_ends_the_whole_group(tmp_path):
    def interrupt(fraction, figures):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, "hang", progress=interrupt)
    assert all_gone(tmp_path)


def test_an_ended_stage_discards_what_it_had_begun(tmp_path):
    def interrupt(fraction, figures):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, "wait", progress=interrupt)
    store = settings_in(tmp_path).open_store()
    assert store.list_refs() == []
    assert store.list_objects("ground_truth/") == []


@pytest.mark.parametrize(("does", "how"), [("crash", "SIGSEGV"), ("wait", "SIGKILL")])
def test_a_death_without_a_word_says_how_and_is_tried_again(tmp_path, does, how):
    def kill(fraction, figures):
        os.kill(noted(tmp_path)[0], signal.SIGKILL)

    with pytest.raises(StageDiedError, match=how) as raised:
        start(tmp_path, does, progress=kill)
    assert f"this is {does}" in str(raised.value)
    assert is_retryable(None, None, failed(raised.value))


PARENT = """
import sys
from pathlib import Path
from tests.tasks.test_child import start
start(Path(sys.argv[1]), "hang")
"""


def test_the_group_dies_with_its_parent(tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)])
    pids = until(lambda: (tmp_path / "notes").exists() and noted(tmp_path))
    assert all(map(is_alive, pids))
    parent.kill()
    parent.wait()
    assert all_gone(tmp_path)


@pytest.mark.slow
def test_a_thread_can_be_ended_too(tmp_path):
    """Prefect's timeout in a thread raises in it as soon as it runs Python again."""
    from prefect.utilities.timeout import timeout

    ended = []

    def body():
        try:
            with timeout(30.0, timeout_exc_type=TimeoutError):
                start(tmp_path, "hang")
        except TimeoutError:
            ended.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert ended
    assert all_gone(tmp_path)


def where_requests_is(given, progress):
    """For ``run_job``: which module of this name a stage would import."""
    import requests

    return requests.__file__


def test_a_flows_neighbours_are_no_packages_of_its_stages(monkeypatch):
    """A flow that a worker loads by its file leaves that file's folder on the path."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    load_flow_from_entrypoint("flows/stage.py:stage")
    assert sys.path[0].endswith("/flows"), "Prefect tidies up now: module_path need not"
    found = run_job("toy", "tests.tasks.test_child:where_requests_is", {}, progress=None)
    assert "site-packages" in found
