"""What was answered is on the disk: payload before manifest, each file before its name."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import obstore
import pytest

from tests.contracts.toys import TOY, ToyConfig, make_truth, write_truth
from xsim_core.artifacts import GroundTruth
from xsim_core.errors import BadInputError
from xsim_core.stage import output_ref, run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store import disk

RECORD = {"stage": "toy", "stage_version": 1, "config": {}, "inputs": {}, "provenance": {}}


class Watch:
    """Calls that a power cut may separate, in their order: (what, path below the folder)."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.calls, self.lock = folder, [], threading.Lock()
        for name in ("fsync", "link", "rename", "replace", "unlink"):
            monkeypatch.setattr(os, name, self.recorded(name, getattr(os, name)))

    def recorded(self, name, call):
        def recording(*args, **options):
            done = call(*args, **options)
            path = Path(f"/proc/self/fd/{args[0]}").readlink() if name == "fsync" else args[-1]
            if Path(path).is_relative_to(self.folder):
                with self.lock:
                    self.calls.append((name, str(Path(path).relative_to(self.folder))))
            return done

        return recording

    def of(self, *names):
        return [path for name, path in self.calls if name in names]


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri(), is_flushed=True)


@pytest.fixture
def watch(tmp_path, store, monkeypatch):
    return Watch(tmp_path / "store", monkeypatch)


def position(watch, call):
    assert watch.calls.count(call) == 1, call
    return watch.calls.index(call)


def test_everything_is_flushed_before_the_ref_is_answered_the_manifest_last(store, watch):
    ref = run_stage(TOY, ToyConfig(), store, {})
    paths = [path for path, _, _ in store.list_objects(f"{ref}/")]
    manifest = f"{ref}/manifest.json"
    assert manifest in paths
    assert len(paths) > 10
    named = position(watch, ("link", manifest))
    before, after = watch.calls[:named], watch.calls[named + 1 :]
    # 1. Every file of the payload, 2. every folder on the way to one,
    for path in paths:
        if path != manifest:
            written = before.index(("fsync", path))
            for folder in Path(path).parents:
                assert ("fsync", str(folder)) in before[written:], folder
    # 3. the manifest, while nobody can see it, 4. its name.
    assert before[-1][0] == "fsync"
    assert before[-1][1].startswith(f"{ref}/#")
    assert after[0] == ("fsync", str(ref))
    assert [call for call in after if call[0] != "unlink"] == after[:1]


def test_an_artifact_of_another_worker_is_waited_for_too(store, watch, monkeypatch):
    ref = output_ref(TOY, ToyConfig(), {})
    first, second = (store.begin(ref.kind, ref.fingerprint) for _ in range(2))
    for writer in (first, second):
        write_truth(writer, ToyConfig())
    unfinished = Path(watch.folder, str(ref), "#1")

    def stop_before_the_name_is_flushed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(disk.Disk, "_flush_folder", stop_before_the_name_is_flushed)
        with pytest.raises(KeyboardInterrupt):
            store.commit(first, GroundTruth(name="toy"), **RECORD)
    os.link(watch.folder / str(ref) / "manifest.json", unfinished)  # As a killed worker leaves it.
    for reuse in (
        lambda: store.claim(ref),
        lambda: store.commit(second, GroundTruth(name="toy"), **RECORD),
    ):
        watch.calls.clear()
        assert reuse()
        assert ("fsync", str(ref)) in watch.calls
    unfinished.unlink()
    watch.calls.clear()
    assert store.claim(ref)
    assert watch.calls == []  # Long on the disk: a hit waits for nothing.


def test_records_are_flushed_before_they_have_their_name(store, watch):
    for write, naming in (
        (lambda: store.put_record("pins/a.json", {"ref": "x"}), "replace"),
        (lambda: store.put_record("pins/a.json", {"ref": "y"}), "replace"),
        (lambda: store.create_object("pointers/teacher/v000001.json", b"{}"), "link"),
    ):
        watch.calls.clear()
        write()
        (named,) = [i for i, (what, _) in enumerate(watch.calls) if what == naming]
        path = Path(watch.calls[named][1])
        assert watch.calls[named - 1][0] == "fsync"
        assert watch.calls[named - 1][1].startswith(f"{path.parent}/#")
        assert watch.calls[named + 1] == ("fsync", str(path.parent))
    # Folders that were made for it are flushed too.
    assert {".", "pointers"} <= set(watch.of("fsync"))
    assert not store.create_object("pointers/teacher/v000001.json", b"other")
    assert store.read_object("pointers/teacher/v000001.json") == b"{}"


@pytest.mark.parametrize("removal", ["delete", "forget"])
def test_a_removed_artifact_does_not_return_without_its_payload(store, watch, removal):
    ref = run_stage(TOY, ToyConfig(), store, {})
    gone = []
    delete = obstore.delete
    if removal == "forget":
        (watch.folder / str(ref) / "manifest.json").write_text("{")
    watch.calls.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(obstore, "delete", lambda *a: gone.append(list(watch.calls)) or delete(*a))
        getattr(store, removal)(ref)
    expected = [("unlink", f"{ref}/manifest.json"), ("fsync", str(ref))]
    assert watch.calls[:2] == expected
    assert all(before[:2] == expected for before in gone)
    assert bool(gone) == (removal == "delete")
    assert store.manifest(ref) is None


def test_a_store_that_is_thrown_away_waits_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XSIM_STORE_FSYNC", "0")
    store = ArtifactStore((tmp_path / "store").as_uri())
    watch = Watch(tmp_path / "store", monkeypatch)
    ref = run_stage(TOY, ToyConfig(), store, {})
    store.pin("keep", ref)
    assert watch.of("fsync") == []
    assert store.verify(ref) == []
    monkeypatch.setenv("XSIM_STORE_FSYNC", "1")
    assert ArtifactStore(store.url).is_flushed
    monkeypatch.setenv("XSIM_STORE_FSYNC", "no")
    with pytest.raises(BadInputError, match=r"XSIM_STORE_FSYNC is 'no'\. Give 1, or 0"):
        ArtifactStore(store.url)


def test_what_the_disk_will_not_keep_is_not_published(store, monkeypatch):
    def full(_descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="Input/output"):
        run_stage(TOY, ToyConfig(), store, {})
    monkeypatch.undo()
    assert store.list_refs() == []
    assert store.verify(run_stage(TOY, ToyConfig(), store, {})) == []


def test_unfinished_objects_are_nobodys_and_odd_paths_are_refused(store, watch):
    assert store.create_object("runs/a.json", b"1")
    (watch.folder / "runs" / "#12345").write_bytes(b"half")
    assert store.list_records("runs") == ["runs/a.json"]
    long = "runs/" + "é" * 120 + ".json"
    store.put_record(long, {})
    assert long in store.list_records("runs")
    for odd in ("", "/a", "runs/", "runs//a", "runs/../a", "./a", "runs/a#12", "runs/a\nb"):
        with pytest.raises(BadInputError, match="path of an object"):
            store.create_object(odd, b"")


def test_a_stage_that_fails_is_not_flushed(store, watch):
    def fail(*, config, out):
        make_truth(config=config, out=out)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run_stage(replace(TOY, run=fail), ToyConfig(), store, {})
    assert watch.of("fsync", "link") == []
