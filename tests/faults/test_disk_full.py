"""A full disk: a clear error, nothing visible that is not whole, and the next run succeeds."""

import errno
import os
import subprocess
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from tests.contracts.toys import TOY, ToyConfig, make_truth
from tests.faults.proxy import FaultyProxy
from tests.storage.test_frames import DATASET, DatasetConfig
from xsim_core.errors import StoreFullError, XSimError
from xsim_core.runs import RunRecord, begin_record, save_record
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount tmpfs")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_loses_nothing(small_disk):
    store = ArtifactStore((small_disk / "store").as_uri())
    first = run_stage(TOY, ToyConfig(), store, {})

    def large(*, config, out):
        noise = np.random.default_rng(0).integers(0, 255, 3 << 20, dtype=np.uint8)
        out.add_file("noise.bin", noise.tobytes())
        return make_truth(config=config, out=out)

    other = ToyConfig(name="other")
    with pytest.raises(StoreFullError, match="no space left"):
        run_stage(replace(TOY, run=large), other, store, {})
    assert store.list_refs() == [first]
    assert store.verify(first) == []
    assert store.verify(run_stage(TOY, other, store, {})) == []


@pytest.mark.parametrize("left", [0, 400, 3000, 20_000])
def test_a_disk_that_fills_up_anywhere_in_the_commit(small_disk, left):
    store = ArtifactStore((small_disk / "store").as_uri())
    first = run_stage(TOY, ToyConfig(), store, {})
    ballast = small_disk / "ballast"
    space = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * max(0, space.f_bavail * space.f_frsize - left))
    other = ToyConfig(name="other")
    # A toy is 14 files, each at least a page of 4096 bytes: there is never room for all of it.
    with pytest.raises(StoreFullError):
        run_stage(TOY, other, store, {})
    assert store.list_refs() == [first]
    ballast.unlink()
    assert store.verify(first) == []
    assert store.verify(run_stage(TOY, other, store, {})) == []


@pytest.mark.parametrize("where", ["zarr.json", "/c/0", "note.txt", "manifest.json"])
def test_a_bucket_that_is_full_anywhere_in_the_commit(
    moto_url, moto_endpoint, monkeypatch, tmp_path, where
):
    first = run_stage(TOY, ToyConfig(), ArtifactStore(moto_url, scratch_root=tmp_path), {})
    with FaultyProxy(moto_endpoint, share=0.0, seed=0) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        store = ArtifactStore(moto_url, scratch_root=tmp_path)
        proxy.draw = lambda path: "full" if where in path else "none"
        other = ToyConfig(name="other")
        with pytest.raises(StoreFullError, match="higher quota"):
            run_stage(TOY, other, store, {})
        assert proxy.counts["full"] >= 1
        assert store.list_refs() == [first]
        proxy.draw = lambda _: "none"
        assert store.verify(first) == []
        assert store.verify(run_stage(TOY, other, store, {})) == []


def test_frames_that_do_not_fit_are_an_error_and_leave_no_piece(small_disk, tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri(), scratch_root=small_disk)
    opened = store.open(run_stage(DATASET, DatasetConfig(num_frames=9000), store, {}))
    with pytest.raises(OSError, match="No space left") as caught:
        opened.frames("video/rgb")
    assert caught.value.errno == errno.ENOSPC
    assert list((small_disk / "cache").iterdir()) == []


def test_a_disk_that_is_full_at_the_start_is_one_sentence_and_leaves_nothing(small_disk):
    store = ArtifactStore((small_disk / "store").as_uri())
    before = store.list_objects()
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    asks = {
        "probe": store.check_create_if_absent,
        "name": lambda: begin_record(store, RunRecord(name="take1-demo")),
        "record": lambda: save_record(store, RunRecord(name="take1-demo")),
        "folder": lambda: ArtifactStore((small_disk / "other" / "store").as_uri()).put_record(
            "runs/a.json", {"a": 1}
        ),
    }
    for what, ask in asks.items():
        with pytest.raises(XSimError, match=r"[Nn]o space left") as raised:
            ask()
        assert "\n" not in str(raised.value), what
    (small_disk / "filler").unlink()
    assert store.list_objects() == before == []
