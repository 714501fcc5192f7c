"""RLDS: records are read back by a reader of their own, and by TensorFlow Datasets where it is."""

import io
import json
import os
import struct
import subprocess

import google_crc32c
import numpy as np
import pytest
from PIL import Image

from xsim_core.exporters import export_artifact
from xsim_core.exporters.datasets import rlds
from xsim_core.exporters.datasets.tf_records import example

PLACE = "xsim_push_block/1.0.0"
TFDS = os.environ.get("XSIM_TFDS_PYTHON", "")

THEIRS = """
import sys
import numpy as np
import tensorflow_datasets as tfds

builder = tfds.builder_from_directory(sys.argv[1])
episodes = list(tfds.as_numpy(builder.as_dataset(split="train", shuffle_files=False)))
assert len(episodes) == builder.info.splits["train"].num_examples
steps = [step for episode in episodes for step in episode["steps"]]
np.savez(
    sys.argv[2],
    image=np.stack([s["observation"]["image"] for s in steps]),
    state=np.stack([s["observation"]["state"] for s in steps]),
    action=np.stack([s["action"] for s in steps]),
    reward=np.array([s["reward"] for s in steps]),
    flags=np.array([[s[k] for k in ("is_first", "is_last", "is_terminal")] for s in steps]),
    words=np.array([s["language_instruction"].decode() for s in steps]),
    cameras=np.stack([e["episode_metadata"]["T_world_cam"] for e in episodes]),
)
"""


def records(path):
    """The data of each record, checksums compared."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        for start, size in ((at, 8), (at + 12, length)):
            (masked,) = struct.unpack_from("<I", data, start + size)
            rotated = (masked - 0xA282EAD8) % 2**32
            crc = (rotated >> 17 | rotated << 15) % 2**32
            assert crc == google_crc32c.value(data[start : start + size])
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """(number, bytes) of a message whose fields are all of wire type 2."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        assert key & 7 == 2
        length, at = varint(data, at)
        yield key >> 3, data[at : at + length]
        at += length


def parsed(data):
    """The features of an Example by name."""
    ((_, features),) = fields(data)
    found = {}
    for _, entry in fields(features):
        (_, name), (_, feature) = fields(entry)
        ((kind, values),) = fields(feature)
        listed = [value for _, value in fields(values)]
        if kind == 2:
            listed = np.frombuffer(listed[0], "<f4")
        elif kind == 3:
            ints, at = [], 0
            while at < len(listed[0]):
                value, at = varint(listed[0], at)
                ints.append(value)
            listed = ints
        found[name.decode()] = listed
    return found


@pytest.fixture(scope="module")
def written(store, refs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rlds") / "out"
    export_artifact(store, refs["dataset"], "rlds", folder)
    return folder


@pytest.fixture(scope="module")
def dataset(store, refs):
    return store.open(refs["dataset"])


def test_episodes_come_back_to_the_bit(written, dataset):
    (path,) = (written / PLACE).glob("*.tfrecord-00000-of-00001")
    episodes = [parsed(data) for data in records(path)]
    images = [Image.open(io.BytesIO(b)) for e in episodes for b in e["steps/observation/image"]]
    np.testing.assert_array_equal(
        np.stack([np.array(i) for i in images]), dataset.array("observation.images.front")
    )
    for name, of in (("steps/observation/state", "observation.state"), ("steps/action", "action")):
        values = np.concatenate([e[name] for e in episodes]).reshape(dataset.array(of).shape)
        np.testing.assert_array_equal(values, dataset.array(of))
    first = episodes[0]
    assert first["steps/is_first"] == [1] + [0] * 9
    assert first["steps/is_terminal"] == first["steps/is_last"] == [0] * 9 + [1]
    assert first["steps/language_instruction"] == [b"push block"] * 10
    info = json.loads((written / PLACE / "dataset_info.json").read_text())
    assert info["splits"][0]["shardLengths"] == ["3"]


def test_shards_are_of_whole_episodes(store, refs, tmp_path, monkeypatch):
    monkeypatch.setattr(rlds, "SHARD_MB", 0)
    export_artifact(store, refs["dataset"], "rlds", tmp_path / "out")
    files = sorted((tmp_path / "out" / PLACE).glob("*.tfrecord-*"))
    assert [f.name[-14:] for f in files] == [f"{i:05d}-of-00003" for i in range(3)]
    assert [len(list(records(f))) for f in files] == [1, 1, 1]


def test_numbers_of_several_bytes():
    values = np.array([0, 1, 127, 128, 300, 2**40, -1])
    found = parsed(example({"a": values, "b": [b"", b"x" * 200]}))
    assert found["a"] == [0, 1, 127, 128, 300, 2**40, 2**64 - 1]
    assert found["b"] == [b"", b"x" * 200]


@pytest.mark.slow
@pytest.mark.skipif(not TFDS, reason="XSIM_TFDS_PYTHON names no interpreter with TFDS")
def test_tensorflow_datasets_reads_it(written, dataset, tmp_path):
    command = [TFDS, "-c", THEIRS, str(written / PLACE), str(tmp_path / "read.npz")]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    left = subprocess.run(command, capture_output=True, env=kept, timeout=300, check=False)
    assert left.returncode == 0, left.stderr[-3000:]
    read = np.load(tmp_path / "read.npz")
    for name, of in (
        ("image", "observation.images.front"),
        ("state", "observation.state"),
        ("action", "action"),
        ("cameras", "T_world_cam"),
    ):
        np.testing.assert_array_equal(read[name], dataset.array(of))
    assert read["reward"].sum() == 3
    assert read["flags"].sum(0).tolist() == [3, 3, 3]
    assert set(read["words"]) == {"push block"}
