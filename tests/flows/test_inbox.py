import json

import pytest

from flows.inbox import capture_folders, fetch_prefix
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def found(prefect_home, tmp_path_factory):
    """How many flow runs the server had after each step."""
    from .conftest import run_python

    inbox = tmp_path_factory.mktemp("outer") / "inbox"
    inbox.mkdir()
    done = run_python(prefect_home, "-m", "tests.flows.inbox_scans", str(inbox))
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_same_video_makes_one_run_however_often_it_is_scanned(found):
    assert found["the same twice"] == 1
    assert found["under another name"] == 1


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
    assert found["names"][0].startswith("K-che-1-")


def test_captures_are_copied_from_a_store_once_they_are_complete(tmp_path):
    source = ArtifactStore((tmp_path / "bucket").as_uri())
    source.create_object("one/photos/0.png", b"a")
    here = tmp_path / "here"
    assert capture_folders(fetch_prefix(source.url, here)) == []
    source.create_object("one/capture.yaml", b"name: one")
    assert capture_folders(fetch_prefix(source.url, here)) == [here / "one"]
    assert (here / "one/photos/0.png").read_bytes() == b"a"
    (here / "one/photos/0.png").write_bytes(b"kept")
    fetch_prefix(source.url, here)
    assert (here / "one/photos/0.png").read_bytes() == b"kept"


def test_a_capture_that_is_no_folder_of_ours_is_refused(tmp_path):
    from flows.inbox import announce

    store = ArtifactStore((tmp_path / "store").as_uri())
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError):
        announce(store, tmp_path / "empty")
