import json
import os
import time

import numpy as np
import pytest
import yaml

from flows import digests
from flows.digests import LAST_SHARE, DigestMemory, whole_in_s
from flows.inbox.bucket import fetch_prefix
from xsim_core.capture import IngestConfig, StillArrivingError, identity
from xsim_core.capture.identity import COARSEST_TIMES_S
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def found(prefect_home, tmp_path_factory):
    """How many flow runs the server had after each step."""
    from tests.flows.conftest import run_python

    inbox = tmp_path_factory.mktemp("outer") / "inbox"
    inbox.mkdir()
    done = run_python(prefect_home, "-m", "tests.flows.inbox.inbox_scans", str(inbox))
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_same_video_makes_one_run_however_often_it_is_scanned(found):
    assert found["the same twice"] == 1
    assert found["under another name"] == 1


def test_a_capture_that_is_still_written_to_is_left_for_the_next_scan(found):
    assert found["while it arrives"] == [0, 1]


def test_ten_at_once_make_ten_even_with_two_scans_at_once(found):
    assert found["ten, by two scans at once"] == 10


def test_a_broken_capture_is_refused_with_its_reason_and_makes_no_run(found):
    assert len(found["refused"]) == 1
    assert "object_name" in found["refused"][0]


def test_a_run_whose_process_died_is_started_again_and_at_last_given_up(found):
    assert found["after a death three times"] == 12
    assert found["phases"][:2] == ["completed", "given up"]


def test_a_capture_outside_the_inbox_is_run_when_it_is_announced(found):
    assert found["announced"] == 13
    assert found["names"][0].startswith("Kuche-1-")


def test_captures_are_copied_from_a_store_once_they_are_complete(tmp_path):
    source = ArtifactStore((tmp_path / "bucket").as_uri())
    source.create_object("one/photos/0.png", b"a")
    here = tmp_path / "here"
    assert fetch_prefix(source.url, here).folders == []
    source.create_object("one/capture.yaml", b"name: one")
    assert fetch_prefix(source.url, here).folders == [here / "one"]
    assert (here / "one/photos/0.png").read_bytes() == b"a"
    source.create_object("two/capture.yaml", b"name: two")
    assert fetch_prefix(source.url, here, settle_s=600).folders == [here / "one"]
    (here / "one/photos/0.png").write_bytes(b"kept")
    fetch_prefix(source.url, here)
    assert (here / "one/photos/0.png").read_bytes() == b"kept"


def test_a_capture_that_is_no_folder_of_ours_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError):
        DigestMemory(tmp_path / "known").look(tmp_path / "empty")


def a_capture(folder):
    (folder / "video" / "rgb").mkdir(parents=True)
    (folder / "video" / "rgb" / "0.png").write_bytes(b"a")
    board = {"T_world_board": np.eye(4).tolist()}
    text = {
        "name": "x",
        "object_name": "block",
        "video": "video",
        "board": board,
        "init_box_xyxy": [1, 1, 9, 9],
    }
    (folder / "capture.yaml").write_text(yaml.safe_dump(text))
    return folder


def test_what_is_unchanged_is_not_read_again_and_every_change_is(tmp_path):
    memory, capture = DigestMemory(tmp_path / "known"), a_capture(tmp_path / "one")
    time.sleep(COARSEST_TIMES_S)
    first = memory.look(capture)
    assert first == IngestConfig.from_folder(capture)
    note = next((tmp_path / "known").iterdir())
    note.write_text(note.read_text().replace(first.content_digest, "f" * 64))
    assert memory.look(capture).content_digest == "f" * 64, "answered from memory"
    frame = capture / "video" / "rgb" / "0.png"
    times = frame.stat()
    frame.write_bytes(b"b")
    # Of the same size and with its old time, as a careless tool leaves it.
    os.utime(frame, ns=(times.st_atime_ns, times.st_mtime_ns))
    time.sleep(COARSEST_TIMES_S)
    changed = memory.look(capture)
    assert changed == IngestConfig.from_folder(capture) != first
    note.write_text("{torn")
    assert memory.look(capture) == changed


def test_a_folder_in_which_nothing_changed_has_not_even_its_file_read(tmp_path, monkeypatch):
    memory, capture = DigestMemory(tmp_path / "known"), a_capture(tmp_path / "one")
    time.sleep(COARSEST_TIMES_S + 0.1)
    first = memory.look(capture)
    with monkeypatch.context() as patched:
        patched.setattr(digests, "file_stamp", None)
        assert memory.look(capture) == first
    (capture / ".DS_Store").write_bytes(b"of a file manager")
    assert memory.look(capture) == first
    with monkeypatch.context() as patched:
        patched.setattr(digests, "file_stamp", None)
        assert memory.look(capture) == first, "the new look of the folder is remembered"


def test_what_lies_behind_a_link_is_looked_at_each_time(tmp_path):
    memory, capture = DigestMemory(tmp_path / "known"), a_capture(tmp_path / "one")
    photo, elsewhere = capture / "photos" / "linked.png", tmp_path / "elsewhere.png"
    photo.parent.mkdir(exist_ok=True)
    elsewhere.write_bytes(b"before")
    photo.symlink_to(elsewhere)
    time.sleep(COARSEST_TIMES_S + 0.1)
    first = memory.look(capture)
    assert memory.look(capture) == first
    elsewhere.write_bytes(b"behind")
    assert memory.look(capture).content_digest != first.content_digest


def test_what_was_written_a_moment_ago_is_not_remembered(tmp_path, monkeypatch):
    # On a file system with coarse times the next change could leave everything as it looks now.
    monkeypatch.setattr(identity, "COARSEST_TIMES_S", 600.0)
    memory, capture = DigestMemory(tmp_path / "known"), a_capture(tmp_path / "one")
    assert memory.look(capture).stamp is None
    assert not (tmp_path / "known").exists()


def test_a_capture_that_is_still_written_to_is_not_read(tmp_path):
    capture = a_capture(tmp_path / "one")
    with pytest.raises(StillArrivingError):
        DigestMemory(tmp_path / "known", settle_s=600).look(capture)
    assert not (tmp_path / "known").exists()


def test_one_whose_own_file_came_last_is_whole_sooner(tmp_path):
    capture = a_capture(tmp_path / "one")
    time.sleep(0.02)
    (capture / "capture.yaml").touch()
    last_in_s = whole_in_s(capture, 600)
    assert 0 < last_in_s <= 600 / LAST_SHARE
    time.sleep(0.02)
    (capture / "video" / "rgb" / "0.png").write_bytes(b"more")
    assert 600 / LAST_SHARE < whole_in_s(capture, 600) <= 600
    assert whole_in_s(capture, 0) == 0
    time.sleep(0.1)
    assert whole_in_s(capture, 0.1) == 0


def test_a_change_of_a_clock_that_runs_ahead_is_waited_for_no_longer(tmp_path, monkeypatch):
    capture = a_capture(tmp_path / "one")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 < whole_in_s(capture, 600) <= 600
