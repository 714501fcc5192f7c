"""flows/inbox: one of each odd kind among good captures; these start, the others are named."""

import os
import re
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from flows.inbox.bucket import fetch_prefix
from flows.inbox.captures import Arrival, arrivals, retry, scan, table_rows
from flows.inbox.last_scan import last_scan, listed, note_scan
from flows.inbox.memory import ArrivalMemory
from flows.inbox.place import capture_folders, inbox_place, strays
from tests.flows.inbox.test_inbox import a_capture
from xsim_core.errors import BadInputError, StoreUnreachableError, UnknownNameError
from xsim_core.runs import RunRecord, save_record
from xsim_core.storage import ArtifactStore


class Server:
    """Flow runs by key, and how they ended, as Prefect's server keeps them."""

    def __init__(self):
        self.runs, self.ends = {}, {}

    def submit(self, arrival):
        return self.runs.setdefault(arrival.key, arrival.folder) and arrival.key


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def new_capture(inbox, name, seed):
    folder = a_capture(inbox / name)
    (folder / "video" / "rgb" / "0.png").write_bytes(bytes([seed]))
    return folder


def scan_again(store, inbox, server):
    return scan(store, capture_folders(inbox), server.submit, server.ends.get)


def spoil(inbox):
    """One of each odd kind; names of those that must be refused."""
    odd = {
        "broken": b"name: x", "binary": b"\xff\xfe\x00", "nothing": b"", "list": b"- 1",
        "deep": b"[" * 5000, "no capture": b"video: [", "anchors": b"a: &a [*a]",
    }  # fmt: skip
    for name, text in odd.items():
        (inbox / name).mkdir()
        (inbox / name / "capture.yaml").write_bytes(text)
    (inbox / "folder" / "capture.yaml").mkdir(parents=True)
    new_capture(inbox, "bad name", 50)
    (inbox / "bad name" / "video" / "rgb" / os.fsdecode(b"\xff.png")).touch()
    new_capture(inbox, os.fsdecode(b"\xfe"), 51)
    (inbox / "README.md").write_text("drop captures here")
    (inbox / "loop").symlink_to("loop")
    return {*odd, "folder", "bad name", "\\xfe"}


def test_one_of_each_odd_kind_stops_no_other(store, inbox, server):
    refused = spoil(inbox)
    names = ("a first", "K\u00fcche 1", "zz", "utf-16")
    good = [new_capture(inbox, name, n) for n, name in enumerate(names)]
    own = good[-1] / "capture.yaml"
    own.write_bytes(own.read_text().encode("utf-16"))
    store.create_object("inbox/torn.json", b"{")
    store.create_object("inbox/newer.json", b'{"digest": "x", "folder": "y", "colour": "red"}')
    store.create_object("inbox/README.md", b"\xff")
    scanned = scan_again(store, inbox, server)
    assert sorted(server.runs.values()) == sorted(map(str, good))
    names = {Path(f).name for f in scanned.refused}
    assert names == {*refused, "torn.json", "newer.json"}
    rows = {row["capture"]: row["phase"] for row in table_rows(scanned)}
    assert all(rows[name].startswith("refused: ") for name in names)
    scanned.model_dump_json()
    assert scan_again(store, inbox, server).arrivals == scanned.arrivals
    assert len(arrivals(store)) == 4


def test_a_run_that_cannot_be_started_stops_no_other(store, inbox, server):
    for n, name in enumerate(("one", "two", "three")):
        new_capture(inbox, name, n)

    def submit(arrival):
        if Path(arrival.folder).name == "two":
            raise ValueError("no such deployment")
        return server.submit(arrival)

    scanned = scan(store, capture_folders(inbox), submit, server.ends.get)
    assert len(server.runs) == 2
    assert list(scanned.refused.values()) == ["ValueError: no such deployment"]
    scan_again(store, inbox, server)
    assert len(server.runs) == 3


def test_a_store_out_of_reach_is_no_fault_of_a_capture(inbox, store, server):
    new_capture(inbox, "one", 1)

    def submit(arrival):
        raise StoreUnreachableError("gone")

    with pytest.raises(StoreUnreachableError):
        scan(store, capture_folders(inbox), submit, server.ends.get)


def test_a_capture_renamed_while_it_waits_runs_where_it_is(store, inbox, server):
    folder = new_capture(inbox, "one", 1)

    def refuse(arrival):
        raise ConnectionError("the server is away")

    scan(store, capture_folders(inbox), refuse, server.ends.get)
    folder.rename(inbox / "two")
    scan_again(store, inbox, server)
    assert list(server.runs.values()) == [str(inbox / "two")]


def test_a_capture_renamed_after_its_run_was_queued_runs_again(store, inbox, server):
    folder = new_capture(inbox, "one", 1)
    scan_again(store, inbox, server)
    (first,) = server.runs
    folder.rename(inbox / "two")
    scan_again(store, inbox, server)
    assert list(server.runs) == [first]
    server.ends[first] = "failed"
    scan_again(store, inbox, server)
    scan_again(store, inbox, server)
    assert list(server.runs.values()) == [str(folder), str(inbox / "two")]


def test_a_capture_that_is_gone_is_said_and_starts_when_it_is_back(store, inbox, server):
    folder = new_capture(inbox, "one", 1)
    arrival = Arrival(digest="ab" * 32, folder=str(inbox / "away"))
    store.create_object(f"inbox/{arrival.digest}.json", arrival.model_dump_json().encode())
    scanned = scan_again(store, inbox, server)
    assert list(server.runs.values()) == [str(folder)]
    assert "put the capture back" in scanned.refused[arrival.folder]


def test_what_failed_runs_again_when_a_person_says_so(store, inbox, server):
    folder = new_capture(inbox, "one", 1)
    scan_again(store, inbox, server)
    (key,) = server.runs
    with pytest.raises(BadInputError, match="is not over"):
        retry(store, "one")
    server.ends[key] = "failed"
    failed = scan_again(store, inbox, server)
    assert "xsim inbox retry one-" in table_rows(failed)[0]["phase"]
    with pytest.raises(UnknownNameError, match="one-"):
        retry(store, "other")
    assert retry(store, str(folder)).attempt == 2
    scan_again(store, inbox, server)
    assert len(server.runs) == 2


def test_what_will_never_be_a_capture_as_it_lies_there_is_said(inbox):
    new_capture(inbox, "good", 1)
    new_capture(inbox / "monday", "one", 2)
    (inbox / "yml").mkdir()
    (inbox / "yml" / "capture.yml").touch()
    (inbox / "arriving").mkdir()
    (inbox / ".hidden" / "x").mkdir(parents=True)
    (inbox / "capture.yaml").touch()
    (inbox / "capture.yml").touch()
    said = strays(inbox)
    assert sorted(said) == ["capture.yaml", "monday", "yml"]
    assert "rename it to capture.yaml" in said["yml"]
    assert "move them up" in said["monday"]


def test_the_place_of_an_inbox(tmp_path, monkeypatch):
    store, default = (tmp_path / "store").as_uri(), tmp_path / "home" / "inbox"
    assert inbox_place(None, default, store) == str(default)
    assert default.is_dir()
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "videos").mkdir()
    for spelling in ("~/videos", str(tmp_path / "videos"), (tmp_path / "videos").as_uri()):
        assert inbox_place(spelling, default, store) == str(tmp_path / "videos")
    assert inbox_place("s3://b/inbox", default, "s3://b/store") == "s3://b/inbox"
    for missing in ("~/nowhere", str(tmp_path / "README")):
        with pytest.raises(BadInputError, match="is not there"):
            inbox_place(missing, default, store)
    (tmp_path / "store" / "inbox").mkdir(parents=True)
    for place, where in (
        (str(tmp_path), store),
        (str(tmp_path / "store" / "inbox"), store),
        ("s3://b/lab", "s3://b/lab/store"),
        ("s3://b/lab/in", "s3://b/lab/"),
        ("s3://b", "s3://b/s"),
    ):
        with pytest.raises(BadInputError, match="lie in one another"):
            inbox_place(place, default, where)


def test_a_copy_is_what_the_bucket_holds(moto_url, tmp_path):
    bucket = ArtifactStore(moto_url)
    for name in ("one/photos/0.png", "one/photos/1.png", "one/capture.yaml", "two/capture.yaml"):
        bucket.create_object(name, name.encode())
    here = tmp_path / "here"
    assert fetch_prefix(moto_url, here).folders == [here / "one", here / "two"]
    kept = (here / "one/photos/0.png").stat()
    bucket.delete_objects(["one/photos/1.png"])
    bucket.put_record("one/capture.yaml", {"name": "again"})
    fetch_prefix(moto_url, here)
    files = sorted(p.relative_to(here).as_posix() for p in (here / "one").rglob("*") if p.is_file())
    assert files == ["one/capture.yaml", "one/photos/0.png"]
    assert "again" in (here / "one/capture.yaml").read_text()
    assert (here / "one/photos/0.png").stat() == kept, "what did not change is not fetched again"


def test_an_object_that_goes_while_it_is_copied_is_no_empty_file(tmp_path, monkeypatch):
    bucket = ArtifactStore((tmp_path / "bucket").as_uri())
    for name in ("one/photos/0.png", "one/capture.yaml"):
        bucket.create_object(name, name.encode())
    list_objects = ArtifactStore.list_objects

    def listed_and_removed(store, prefix=""):
        listing = list_objects(store, prefix)
        bucket.delete_objects(["one/photos/0.png"])
        return listing

    monkeypatch.setattr(ArtifactStore, "list_objects", listed_and_removed)
    copies = fetch_prefix(bucket.url, tmp_path / "here")
    assert copies.folders == []
    assert "'one/photos/0.png' was removed while it was copied" in copies.refused["one"]
    monkeypatch.undo()
    assert fetch_prefix(bucket.url, tmp_path / "here").refused == {}


def test_folder_objects_and_odd_keys_stop_no_other(moto_url, tmp_path):
    bucket, prefix = re.fullmatch("s3://([^/]+)/(.*)", moto_url).groups()
    (backend,) = [b["aws"] for b in s3_backends.values() if bucket in b["aws"].buckets]
    for key in (
        "README.md",
        "one/",
        "one/photos/",
        "one/photos/0.png",
        "one/capture.yaml",
        "odd/a//b.png",
        "odd/capture.yaml",
        "up/../../x",
        "up/capture.yaml",
    ):
        backend.put_object(bucket, f"{prefix}/{key}", b"")
    copies = fetch_prefix(moto_url, tmp_path / "here")
    assert copies.folders == [tmp_path / "here" / "one"]
    assert sorted(copies.refused) == ["odd", "up"]


def test_the_list_tells_each_capture_with_its_phase_and_the_reason(store, inbox, server):
    new_capture(inbox, "good", 1)
    key = new_capture(inbox, "bad", 2) and scan_again(store, inbox, server).arrivals[0].key
    server.ends[key] = "failed"
    (inbox / "broken").mkdir()
    (inbox / "broken" / "capture.yaml").write_text("name: x")
    failed = scan_again(store, inbox, server)
    note_scan(store, failed.model_copy(update={"arriving": (str(inbox / "new"),)}))
    name = next(a.run_name for a in failed.arrivals if a.phase == "failed")
    save_record(store, RunRecord(name=name, state="failed", error="ValueError: too dark"))
    good = next(a.run_name for a in failed.arrivals if a.phase == "submitted")
    said = "good waits for rollouts of a robot"
    save_record(store, RunRecord(name=f"{good}-debug", state="waiting", awaits=said))
    rows = {row["name"].rpartition("-")[0] or row["name"]: row for row in listed(store)}
    assert {name: row["phase"] for name, row in rows.items()} == {
        "good": "submitted",
        "bad": "failed",
        "broken": "refused",
        "new": "arriving",
    }
    assert rows["good"]["reason"] == said
    assert rows["bad"]["reason"] == f"ValueError: too dark; xsim inbox retry {name}"
    assert "object_name" in rows["broken"]["reason"]
    since = last_scan(store).since
    note_scan(store, failed.model_copy(update={"arriving": (str(inbox / "new"),)}))
    assert last_scan(store).since == since
    note_scan(store, failed.model_copy(update={"refused": {}}))
    assert last_scan(store).refused == {}


def test_what_will_never_be_a_capture_in_a_bucket_is_said(tmp_path):
    bucket = ArtifactStore((tmp_path / "bucket").as_uri())
    for path in (
        "capture.yaml",
        "capture.yml",
        "slip/capture.yml",
        "week/monday/capture.yaml",
        "notes/read.txt",
        ".hidden/capture.yml",
        "xcapture.yaml/a",
    ):
        bucket.create_object(path, b"x")
    found = fetch_prefix(bucket.url, tmp_path / "here")
    assert found.folders == []
    assert found.refused == {
        "capture.yaml": "lies in the inbox itself: put it into a folder of its capture",
        "slip": "holds capture.yml: rename it to capture.yaml",
        "week": "holds captures one folder deeper (monday): move them up",
    }


def test_arrivals_that_came_to_an_end_are_not_asked_for_again(store, inbox, server, tmp_path):
    memory, asked = ArrivalMemory(tmp_path / "arrivals.json"), []

    def scan_by_memory():
        return scan(
            store, capture_folders(inbox), server.submit, server.ends.get, read=memory.read
        ).arrivals

    for number, end in enumerate(("completed", "failed", None)):
        new_capture(inbox, f"c{number}", number)
        server.ends |= {a.key: end for a in scan_by_memory() if a.folder.endswith(str(number))}
    scan_by_memory()
    scan_by_memory()
    real = store.read_object
    store.read_object = lambda path, **limit: asked.append(path) or real(path, **limit)
    found = scan_by_memory()
    assert [a.phase for a in found] == ["completed", "failed", "submitted"]
    assert asked == [f"inbox/{found[2].digest}.json"]
    retry(store, "c1")
    assert [a.phase for a in scan_by_memory()] == ["completed", "submitted", "submitted"]
    memory.file.write_text("{torn")
    assert [a.attempt for a in scan_by_memory()] == [1, 2, 1]
    store.create_object("inbox/odd.json", b"[]")
    assert list(memory.read(store)[1]) == ["odd"]
