"""What somebody plants in the bucket: refused with a sentence, nothing executed or allocated."""

import contextlib
import hashlib
import json
import tracemalloc

import obstore
import pytest
from hypothesis import given, settings, strategies as st
from numcodecs.zstd import Zstd

from tests.contracts.toys import TOY, ToyConfig
from xsim_core.errors import CorruptArtifactError
from xsim_core.stage import run_stage
from xsim_core.storage import ArtifactStore
from xsim_core.storage.object_store.payload import MANIFEST_LIMIT_BYTES, check_metadata


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


def plant(store, ref, path, data):
    """Replace an object and forge the manifest so that size and digest agree."""
    attempt = store.manifest(ref).attempt
    objects = [o.model_dump() for o in store.manifest(ref).objects]
    obstore.put(store._objects.backend, f"{ref}/{attempt}/{path}", data)
    for record in objects:
        if record["path"].endswith(path):
            record |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    forge(store, ref, objects=objects)


def forge(store, ref, **changes):
    """Change the manifest and leave out its own digest, as the first writers did."""
    path = f"{ref}/manifest.json"
    manifest = json.loads(store.read_object(path)) | changes
    del manifest["sha256"]
    obstore.put(store._objects.backend, path, json.dumps(manifest).encode())


def metadata(store, ref, name="T_world_object"):
    attempt = store.manifest(ref).attempt
    return json.loads(store.read_object(f"{ref}/{attempt}/data.zarr/{name}/zarr.json"))


EVIL = {
    "pickle codec": (lambda m: m | {"codecs": [{"name": "numcodecs.pickle"}]}, "codec 'numcodecs"),
    "codec in a shard": (
        lambda m: (
            m
            | {
                "codecs": [
                    {
                        "name": "sharding_indexed",
                        "configuration": {
                            "chunk_shape": [1, 4, 4],
                            "codecs": [{"name": "vlen-utf8"}],
                            "index_codecs": [],
                        },
                    }
                ]
            }
        ),
        "codec 'vlen-utf8'",
    ),
    "objects": (lambda m: m | {"data_type": "object"}, "data type 'object'"),
    "strings": (lambda m: m | {"data_type": "string"}, "data type 'string'"),
    "huge shape": (lambda m: m | {"shape": [10**9, 4, 4]}, "nothing was allocated"),
    "huge chunk": (
        lambda m: (
            m | {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**9, 4, 4]}}}
        ),
        "nothing was allocated",
    ),
    "negative shape": (lambda m: m | {"shape": [-5, 4, 4]}, "nothing was allocated"),
    "transformer": (lambda m: m | {"storage_transformers": [{"name": "x"}]}, "extensions"),
    "nonsense": (lambda m: {"zarr_format": 3, "node_type": "array"}, "malformed"),
    "too large": (lambda m: m | {"attributes": {"x": "y" * (1 << 20)}}, "larger than"),
}


@pytest.mark.parametrize("case", EVIL)
def test_planted_metadata_is_refused(store, case):
    change, message = EVIL[case]
    ref = run_stage(TOY, ToyConfig(), store, {})
    data = json.dumps(change(metadata(store, ref))).encode()
    plant(store, ref, "data.zarr/T_world_object/zarr.json", data)
    with pytest.raises(CorruptArtifactError, match=message):
        store.open(ref).array("T_world_object")


def zstd_bomb(num_bytes, *, names_its_size=True):
    """A frame of one zero repeated: a few kilobytes for any size (RFC 8878, section 3.1.1.2)."""
    size = b"\xe0" + num_bytes.to_bytes(8, "little") if names_its_size else b"\x00\x68"
    blocks, block = [], 128 << 10
    for start in range(0, num_bytes, block):
        length = min(block, num_bytes - start)
        is_last = start + length == num_bytes
        blocks.append((length << 3 | 1 << 1 | is_last).to_bytes(3, "little") + b"\0")
    return b"\x28\xb5\x2f\xfd" + size + b"".join(blocks)


def test_the_bomb_is_one():
    for names_its_size in (True, False):
        assert Zstd().decode(zstd_bomb(300_000, names_its_size=names_its_size)) == bytes(300_000)


@pytest.mark.parametrize("names_its_size", [True, False])
def test_a_chunk_that_unpacks_to_more_than_itself_is_refused(store, names_its_size):
    ref = run_stage(TOY, ToyConfig(), store, {})
    bomb = zstd_bomb(1 << 30, names_its_size=names_its_size)
    assert len(bomb) < 50_000
    plant(store, ref, "data.zarr/T_world_object/c/0/0/0", bomb)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptArtifactError, match="nothing was allocated"):
            store.open(ref).array("T_world_object")
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_an_object_larger_than_its_record_is_not_read(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    attempt = store.manifest(ref).attempt
    path = f"{ref}/{attempt}/data.zarr/T_world_object/zarr.json"
    obstore.put(store._objects.backend, path, bytes(8 << 20))
    with pytest.raises(CorruptArtifactError, match="it was not read"):
        store.open(ref).array("T_world_object")
    manifest = f"{ref}/manifest.json"
    obstore.put(store._objects.backend, manifest, bytes(MANIFEST_LIMIT_BYTES + 1))
    with pytest.raises(CorruptArtifactError, match="it was not read"):
        store.open(ref)


@pytest.mark.parametrize(
    "path", ["../../escape", "abc/../../../etc/passwd", "/etc/passwd", "a\\b", "attempt//x", "."]
)
def test_paths_out_of_the_attempt_are_refused(store, path):
    ref = run_stage(TOY, ToyConfig(), store, {})
    forge(store, ref, objects=[{"path": path, "size": 1, "sha256": "0" * 64}])
    with pytest.raises(CorruptArtifactError, match="not in its own folder"):
        store.open(ref)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attempt": "../../other"}, "names attempt"),
        ({"kind": "capture"}, "says it is of"),
        ({"fingerprint": "0" * 24}, "says it is of"),
        ({"objects": "all of them"}, "is not one"),
        ({"summary": {"name": {"__reduce__": 1}}}, "is not that of a ground_truth"),
        ({"summary": {}}, "is not that of a ground_truth"),
    ],
)
def test_forged_manifests_are_refused(store, changes, message):
    ref = run_stage(TOY, ToyConfig(), store, {})
    forge(store, ref, **changes)
    with pytest.raises(CorruptArtifactError, match=message):
        store.open(ref)


def test_objects_nobody_listed_are_not_seen(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    attempt = store.manifest(ref).attempt
    planted = json.dumps(metadata(store, ref, "photo/K")).encode()
    obstore.put(store._objects.backend, f"{ref}/{attempt}/data.zarr/extra/zarr.json", planted)
    assert "extra" not in store.open(ref).array_names


def test_altered_metadata_is_found(store):
    ref = run_stage(TOY, ToyConfig(), store, {})
    meta = metadata(store, ref) | {"shape": [4, 4, 4]}
    where = f"{ref}/{store.manifest(ref).attempt}/data.zarr/T_world_object/zarr.json"
    obstore.put(store._objects.backend, where, json.dumps(meta).encode())
    with pytest.raises(CorruptArtifactError, match=r"zarr\.json"):
        store.open(ref).array("T_world_object")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "zarr_format",
                    "node_type",
                    "shape",
                    "codecs",
                    "name",
                    "chunk_grid",
                    "configuration",
                    "data_type",
                    "chunk_shape",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_any_metadata_is_judged_without_another_error(value):
    base = {"zarr_format": 3, "node_type": "array"}
    value = base | value if isinstance(value, dict) else value
    with contextlib.suppress(CorruptArtifactError):
        check_metadata(json.dumps(value).encode(), "zarr.json")
