"""xsim_core/storage/frames.py: memory-mapped frames are the array, verified once."""

import os
import time

import numpy as np
import obstore
import pytest

from xsim_core import scratch
from xsim_core.artifacts import Capture
from xsim_core.config import FrozenModel
from xsim_core.errors import CorruptArtifactError
from xsim_core.geometry.board import BoardSpec
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore, frames as frames_module, writer as writer_module


class DatasetConfig(FrozenModel):
    num_frames: int = 7


def make_capture(*, config, out):
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (config.num_frames, 6, 8, 3), dtype=np.uint8)
    rgb[2] = 0  # Zarr leaves frames out that are all zero.
    return write_capture(out, rgb)


def write_capture(out, rgb):
    rng = np.random.default_rng(1)
    n = len(rgb)
    out.write("video/rgb", rgb)
    out.write("video/depth_mm", rng.integers(0, 900, rgb.shape[:3], dtype=np.uint16))
    out.write("video/timestamps_s", np.arange(n, dtype=np.float64))
    out.write("video/K", np.eye(3))
    out.write("photos", rng.integers(0, 255, (n, 4, 4, 3), dtype=np.uint8))
    out.write("object/vertices", rng.normal(size=(3, 3)).astype(np.float32))
    out.write("object/faces", np.zeros((1, 3), np.int32))
    out.write("object/uv", np.zeros((3, 2), np.float32))
    out.write("object/texture", np.zeros((2, 2, 3), np.uint8))
    board = BoardSpec(T_world_board=tuple(map(tuple, np.eye(4))))
    return Capture(
        name="c",
        object_name="o",
        num_frames=n,
        num_photos=n,
        fps=30,
        board=board,
        init_frame=0,
        init_box_xyxy=(0, 0, 1, 1),
    )


DATASET = Stage("dataset", 1, make_capture, DatasetConfig, {}, Capture)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


@pytest.mark.parametrize("frames_per_shard", [3, 500])
def test_frames_are_the_array(store, monkeypatch, frames_per_shard):
    monkeypatch.setattr(writer_module, "FRAMES_PER_SHARD", frames_per_shard)
    opened = store.open(run_stage(DATASET, DatasetConfig(), store, {}))
    for name in opened.array_names:
        frames = opened.frames(name)
        assert isinstance(frames, np.memmap)
        np.testing.assert_array_equal(frames, opened.array(name))


def test_the_second_reader_uses_the_copy_and_cannot_change_it(store):
    ref = run_stage(DATASET, DatasetConfig(), store, {})
    frames = store.open(ref).frames("video/rgb")
    expected = np.array(frames)
    for path, _, _ in store.list_objects(f"{ref}/"):
        if "/rgb/c/" in path:
            obstore.delete(store._objects.backend, path)
    np.testing.assert_array_equal(store.open(ref).frames("video/rgb"), expected)
    with pytest.raises(ValueError, match="read-only"):
        frames[0] = 0


@pytest.mark.parametrize("name", ["video/rgb", "video/depth_mm"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_damage_is_found_before_it_is_used(store, name, damage):
    ref = run_stage(DATASET, DatasetConfig(), store, {})
    (path,) = [p for p, _, _ in store.list_objects(f"{ref}/") if f"/{name}/c/" in p]
    data = bytearray(store.read_object(path))
    data[9] ^= 4
    if damage == "delete":
        obstore.delete(store._objects.backend, path)
    else:
        obstore.put(
            store._objects.backend, path, bytes(data[:-1] if damage == "truncate" else data)
        )
    for read in (store.open(ref).frames, store.open(ref).array):
        with pytest.raises((CorruptArtifactError, FileNotFoundError)):
            read(name)
    assert not list((store.scratch_root / "cache").glob("*"))


def copies(store):
    return sorted((store.scratch_root / "cache").glob("*"))


@pytest.mark.parametrize("left", [0, 40, 500])
def test_a_copy_cut_short_by_a_power_failure_is_made_again(store, left):
    opened = store.open(run_stage(DATASET, DatasetConfig(), store, {}))
    expected = np.array(opened.frames("video/rgb"))
    (copy,) = copies(store)
    copy.write_bytes(copy.read_bytes()[:left])
    np.testing.assert_array_equal(opened.frames("video/rgb"), expected)


def test_old_copies_and_abandoned_pieces_go_but_a_mapped_one_stays_readable(store):
    opened = store.open(run_stage(DATASET, DatasetConfig(), store, {}))
    frames = opened.frames("video/rgb")
    (copy,) = copies(store)
    piece, fresh = copy.with_name(f".a.{0:012x}.draft"), copy.with_name(f".b.{0:012x}.draft")
    for path in (piece, fresh):
        path.write_bytes(b"half")
    for path, age in ((copy, frames_module.KEEP_S), (piece, scratch.ABANDONED_S)):
        os.utime(path, (0, time.time() - age - 60))
    opened.frames("photos")
    assert copy not in copies(store)
    assert piece not in copies(store)
    assert fresh in copies(store)
    np.testing.assert_array_equal(frames, opened.array("video/rgb"))


def test_opening_a_copy_keeps_it(store):
    opened = store.open(run_stage(DATASET, DatasetConfig(), store, {}))
    opened.frames("video/rgb")
    (copy,) = copies(store)
    os.utime(copy, (0, time.time() - frames_module.KEEP_S - 60))
    opened.frames("video/rgb")
    opened.frames("photos")
    assert copy in copies(store)
